"""The one settings module. Safe values are the default; the demo opts out of them openly."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from kombu import Queue

from access.providers import configuration as sign_in
from connectcare import timetable
from connectcare.environment import Environment, Login, Profile
from identity.pds import configuration

BASE_DIR = Path(__file__).resolve().parent.parent

environment = Environment()
PROFILE = environment.profile()
LOGIN = environment.login()
PRODUCTION = Profile.PRODUCTION == PROFILE

# Never on: an error page with local variables is a disclosure.
DEBUG = False
SECRET_KEY = environment.text(
    "SECRET_KEY", hint="Give at least 50 random characters, the same to every process."
)
ENCRYPTION_KEYS = environment.keys("ENCRYPTION_KEYS")

ORIGIN = environment.text("CONNECTCARE_ORIGIN", "" if not PRODUCTION else None, hint="https://…")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS") or (
    [urlsplit(ORIGIN).hostname or ""] if ORIGIN else ["127.0.0.1", "localhost", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = [ORIGIN] if ORIGIN else []

INSTALLED_APPS = [
    "ui",
    "audit",
    "organisations",
    "identity",
    "consent",
    "access",
    "records",
    "discharge",
    "notifications",
    "subject_access",
    "feeds",
    "keeping",
    "fhir",
    "connectcare.apps.ConnectCareConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "guardian",
    "axes",
    "rest_framework",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "connectcare.middleware.NothingIsStored",
    "connectcare.middleware.RequestId",
    "ui.fragments.FragmentsLeadToPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "access.session_ends.SessionsEnd",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "access.middleware.ActingMembership",
    "access.middleware.EveryDoorIsDeclared",
    "access.middleware.TheGateAsksOnceMore",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last, so that its answer is given in place of the view's.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "connectcare.urls"
WSGI_APPLICATION = "connectcare.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "connectcare.jinja.environment",
            "context_processors": ["connectcare.jinja.every_page"],
        },
    },
    # Only for third parties' own pages (Django REST framework).
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
FORM_RENDERER = "ui.forms.NhsFormRenderer"

# --- The database ---------------------------------------------------------------------------
# One process, one login. Read committed and no server-side cursors: a refusal must hold for
# every statement that starts after it commits (docs/adr/0001).
DATABASES = {
    "default": {
        **environment.database(LOGIN),
        "ATOMIC_REQUESTS": LOGIN == Login.WEB,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "CONN_MAX_AGE": 600 if LOGIN == Login.WEB else 0,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"]["application_name"] = f"connectcare {LOGIN}"
# What every page asks is planned once a connection (docs/adr/0038). Not through a PgBouncer that
# cannot keep prepared statements, as those before 1.21 cannot.
PREPARED_STATEMENTS = environment.one_of("PREPARED_STATEMENTS", ("yes", "no")) == "yes"
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 0 if PREPARED_STATEMENTS else None
# Who proves that choices hold asks with the web's own login as well (records/probing/as_web.py).
WEB_DATABASE = (
    environment.database(Login.WEB)
    if LOGIN == Login.PIPELINE and environment.text("DATABASE_WEB_URL", "")
    else None
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Who signs in ---------------------------------------------------------------------------
AUTH_USER_MODEL = "organisations.StaffMember"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: who is locked out is not compared with anybody
    "organisations.signing_in.StaffBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # guardian's anonymous user: nobody here is anonymous
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
# So many failures within the time, each counted after the last: of one user name from one network
# address, of one user name from anywhere, from one address whoever it is (access/lockout.py).
SIGN_IN_LOCK_MINUTES = 15
SIGN_IN_TRIES = (5, 10, environment.number("SIGN_IN_TRIES_PER_ADDRESS", 100))
AXES_HANDLER = "access.lockout.Counting"
AXES_USERNAME_CALLABLE = "access.lockout.counted_name"
AXES_CLIENT_IP_CALLABLE = "access.addresses.where_from"
AXES_CLIENT_STR_CALLABLE = "access.lockout.nobody_in_particular"
AXES_LOCKOUT_CALLABLE = "access.lockout.answer"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username", "ip_address"]
AXES_FAILURE_LIMIT = 100  # hundredths of the nearest limit
AXES_COOLOFF_TIME = timedelta(minutes=SIGN_IN_LOCK_MINUTES)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # the audit is the log
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Which roles need a second step: "all", "none", or codes of roles (access/second_factor.py).
_SECOND = environment.words("SECOND_FACTOR_ROLES") or ["all" if PRODUCTION else "none"]
SECOND_FACTOR_ROLES: str | frozenset[str] = (
    "all" if _SECOND == ["all"] else frozenset(_SECOND) - {"none"}
)
SECOND_STEP_MINUTES = 10
# Other organisations' OpenID providers, by which people may sign in (SIGN_IN_PROVIDERS_FILE).
SIGN_IN_PROVIDERS = sign_in.read(environment.text("SIGN_IN_PROVIDERS", ""), production=PRODUCTION)
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

# Idle 15 minutes and ten hours at the longest, within what live services of the NHS have (idle 10
# to 30 minutes, 8 to 12 hours). access/session_ends.py ends sessions; pages say so before.
SESSION_IDLE_MINUTES = 15
SESSION_HOURS = 10
SESSION_WARNING_SECONDS = 180
SESSION_ENGINE = "access.kept_sessions"
SESSION_COOKIE_AGE = int(timedelta(hours=SESSION_HOURS).total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# --- Transport ------------------------------------------------------------------------------
# The demo and the tests are plain HTTP on the loopback; nothing else may be.
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes come from inside, past the proxy
SECURE_HSTS_SECONDS = 63_072_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "ui.views.form_expired"
# Nothing leaves the origin. ("no-referrer" makes browsers send forms with the origin "null", which
# the protection against forged requests then refuses.)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# --- Files ----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = environment.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is kept on disk
    "staticfiles": {"BACKEND": "ui.statics.OwnHostOnly"},
}
STATICFILES_DIRS = [
    ("nhsuk", BASE_DIR / "node_modules" / "nhsuk-frontend" / "dist" / "nhsuk"),
    ("htmx", BASE_DIR / "node_modules" / "htmx.org" / "dist"),
    ("ui", BASE_DIR / "ui" / "assets"),
]
WHITENOISE_USE_FINDERS = False
# Uploads go to the database, encrypted; what waits on disk on the way is small.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# --- Work in the background -----------------------------------------------------------------
CELERY_BROKER_URL = environment.broker()
# The database row is the job; Celery only nudges, so nothing is kept in the broker.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_SOFT_TIME_LIMIT = 3540
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 2 * CELERY_TASK_TIME_LIMIT}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "Europe/London"
CELERY_TASK_DEFAULT_QUEUE = timetable.ORDINARY_QUEUE
CELERY_TASK_QUEUES = [Queue(timetable.ORDINARY_QUEUE), Queue(timetable.URGENT_QUEUE)]
CELERY_TASK_ROUTES = timetable.ROUTES
CELERY_BEAT_SCHEDULE = timetable.SCHEDULE

# --- Who residents are, by the Personal Demographics Service --------------------------------------
# After how long somebody is traced again: who was verified, and whom nobody could verify.
TRACE_AGAIN_AFTER = {"verified": timedelta(days=365), "unverified": timedelta(days=30)}
# The rate and the circuit that all workers share; what is lost with it costs a minute's wait.
REDIS_URL = environment.redis()
# Without PDS_BASE_URL nobody is traced. Only the workers need these variables.
PDS = configuration.read(environment.text, production=PRODUCTION)

# --- The audit's seal (docs/audit-log.md) ---------------------------------------------------
# Of these the web and the workers need none; the sealer alone has the key.
AUDIT_JOURNAL = environment.text("AUDIT_JOURNAL", "")
AUDIT_KEY = environment.text("AUDIT_KEY", "")
AUDIT_VERIFIER = environment.text("AUDIT_VERIFIER", "")
AUDIT_DATABASE_URL = environment.text("DATABASE_SEALER_URL", "")

# --- Backups (docs/deployment.md); only whoever runs these commands needs them ---------------
BACKUP_DATABASE_URL = environment.text("DATABASE_BACKUP_URL", "")
RESTORE_DATABASE_URL = environment.text("DATABASE_RESTORE_URL", "")
POSTGRES_BIN = environment.text("POSTGRES_BIN", "")

# --- E-mail ---------------------------------------------------------------------------------
# Notices to privacy officers: a reference and a link, nobody's name. Without a server the demo
# prints them in the worker's log, and production has no worker for them (connectcare/celery.py);
# the queue in the portal shows the alerts all the same.
EMAIL_HOST = environment.text("EMAIL_HOST", "")
if EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
elif PRODUCTION:
    EMAIL_BACKEND = "connectcare.mail.Nowhere"
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
EMAIL_PORT = environment.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD", "")
EMAIL_TLS = environment.one_of("EMAIL_TLS", ("none", "starttls", "tls"))
EMAIL_USE_TLS = EMAIL_TLS == "starttls"
EMAIL_USE_SSL = EMAIL_TLS == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.text("EMAIL_FROM", "") or "Connect Care <noreply@localhost>"

# --- Other systems --------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["access.api.DenyAll"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

# --- Language and time ----------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = False

# --- What stays with its source (rule R6) -----------------------------------------------------
# The codes themselves, usually as SENSITIVE_CODES_FILE; empty for the example in feeds/.
SENSITIVE_CODES = environment.text("SENSITIVE_CODES", "")

# --- Deliveries -------------------------------------------------------------------------------
# A snapshot that would retire a larger share of what it replaces stops for a person.
HIGHEST_RETIRED = environment.number("HIGHEST_RETIRED_PERCENT", 25) / 100
# For how many days the raw bytes of a delivery are kept; 0 for as long as the database is.
RAW_KEPT_DAYS = environment.number("RAW_KEPT_DAYS", 0)

# --- The rule's periods (docs/adr/0006) -----------------------------------------------------
LOOK_MINUTES = 15
SEARCH_LIMIT = 10
# What one person may search for: more than a busy contact centre needs, less than a list takes.
SEARCHES_PER_MINUTE = environment.number("SEARCHES_PER_MINUTE", 20)
SEARCHES_PER_HOUR = environment.number("SEARCHES_PER_HOUR", 200)
# More searches than this within the time, none of whose records was opened, are reviewed.
FISHING_SEARCHES = environment.number("FISHING_SEARCHES", 20)
FISHING_MINUTES = environment.number("FISHING_MINUTES", 60)
# How much each rule about looks weighs, and from how much together on a look is reviewed.
DETECTOR_THRESHOLD = environment.number("DETECTOR_THRESHOLD", 3)
DETECTOR_WEIGHTS = environment.weights("DETECTOR_WEIGHTS")
# Days of each by PERIOD_<NAME>, such as PERIOD_AFTER_DISCHARGE=42.
RELATIONSHIP_PERIODS = {
    name: timedelta(days=environment.number(f"PERIOD_{name.upper()}", days))
    for name, days in {
        "after_discharge": 28,
        "after_attendance": 14,
        "before_appointment": 14,
        "after_appointment": 28,
        "out_of_hours": 3,
        "temporary_registration": 91,
        "after_death": 28,
        # Of a referral that was sent here, after the last word of either side.
        "discharge_referral": 28,
    }.items()
}
# Teams are told of what happened within so many days, and still see it for so many more; each team
# is sent at most one message in so many minutes (docs/adr/0029).
NOTICE_PERIOD = timedelta(days=environment.number("NOTICE_DAYS", 7))
NOTICE_LISTED = timedelta(days=28)
NOTICE_MAIL_EVERY = timedelta(minutes=environment.number("NOTICE_MAIL_MINUTES", 60))
# Declared by staff: each ends by itself and is never prolonged, only declared anew (docs/adr/0008).
# PostgreSQL refuses more than 90 days of them, and more than 24 hours of broken glass.
DECLARED_PERIODS = {
    kind: timedelta(days=environment.number(f"PERIOD_{kind.replace('-', '_').upper()}", days))
    for kind, days in {
        "self-declared": 7,
        "granted-by-colleague": 28,
        "express-consent": 28,
    }.items()
}
BREAK_GLASS_HOURS = environment.number("BREAK_GLASS_HOURS", 3)
# A role is confirmed by its organisation within so many days, or ends so many later; an account
# that nobody signs in to stops after so many.
RECERTIFY_DAYS = environment.number("RECERTIFY_DAYS", 365)
RECERTIFY_GRACE_DAYS = environment.number("RECERTIFY_GRACE_DAYS", 30)
DORMANT_DAYS = environment.number("DORMANT_DAYS", 90)
# Of looks that "treating now" opened, how many in a hundred are drawn for review, and of every
# organisation at least one a week (docs/adr/0011).
SAMPLE_SHARE = environment.number("SAMPLE_PERCENT", 2) / 100
# What is withheld is disclosed for so many days at most (docs/adr/0016). Outside these hours of a
# working day one on-call officer may act before a second one confirms.
DISCLOSURE_DAYS = environment.number("DISCLOSURE_DAYS", 28)
OFFICE_HOURS = (9, 17)
# The password once more before glass is broken: so many wrong ones in so many minutes are enough.
CONFIRMATION_TRIES = 5
CONFIRMATION_MINUTES = 15
# What somebody began to record outlives their session for so long, and is never recorded by itself.
CHOICE_DRAFT_HOURS = environment.number("CHOICE_DRAFT_HOURS", 24)
# What the public form takes in within an hour: from one network address (a household, a library),
# and altogether.
REQUESTS_PER_ADDRESS = environment.number("REQUESTS_PER_ADDRESS", 10)
REQUESTS_PER_HOUR = environment.number("REQUESTS_PER_HOUR", 500)
# Begun and not sent, a public form ends after so long. Nothing of it is kept here.
PUBLIC_FORM_MINUTES = 60
# One call: who the person is, once checked, is not asked again within it.
IDENTITY_CHECK_MINUTES = 15
# Numbers beginning 9 are nobody's: only where made-up people are expected (PDS test data has
# 59… as well).
NHS_NUMBER_TEST_RANGES = not PRODUCTION

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "connectcare.logs.PlainLine",
            "format": "{asctime} {levelname} {name} {request_id} {message}",
            "style": "{",
        }
    },
    "filters": {"request_id": {"()": "connectcare.logs.WithRequestId"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # What it says of each sign-in is in the audit.
        "axes": {"handlers": [], "level": "ERROR", "propagate": True},
    },
}
