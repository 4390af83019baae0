# syntax=docker/dockerfile:1
# One image for every process of Connect Care: web, worker, beat, migrations, provisioning.
# Behind a mirror, give its addresses as build arguments: PIP_INDEX_URL, UV_DEFAULT_INDEX and
# NPM_CONFIG_REGISTRY. What is installed is pinned by hash either way.

FROM node:24-slim AS frontend
ARG NPM_CONFIG_REGISTRY
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts

FROM python:3.11-slim AS libraries
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
WORKDIR /build
COPY launcher/requirements-uv.lock requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.lock \
    && uv venv /opt/connect-care \
    && uv pip sync --no-cache --require-hashes --compile-bytecode \
        --python /opt/connect-care/bin/python requirements.lock

FROM python:3.11-slim AS connect-care
ENV PATH=/opt/connect-care/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app \
    STATIC_ROOT=/app/staticfiles
RUN groupadd --system --gid 10001 connectcare \
    && useradd --system --uid 10001 --gid connectcare --home-dir /nonexistent \
        --shell /usr/sbin/nologin connectcare
WORKDIR /app
COPY --from=libraries /opt/connect-care /opt/connect-care
COPY . .
# The settings insist on their values; those given here are for this one command and kept nowhere.
RUN --mount=type=bind,from=frontend,source=/build/node_modules,target=/app/node_modules \
    SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    ENCRYPTION_KEYS="$(python -c 'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())')" \
    CONNECTCARE_ORIGIN=https://build.invalid \
    DATABASE_WEB_URL=postgresql://build.invalid/none \
    REDIS_URL=redis://build.invalid/0 \
    python manage.py collectstatic --noinput --verbosity 0
# The audit's journal, where the sealer has a volume; a new one takes this folder's owner.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/connect-care
# The code and the files belong to root: the process can change neither.
USER 10001:10001
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "--no-ws", "connectcare.wsgi:application"]
