"""What the web server serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connectcare.settings")

application = get_wsgi_application()

# What was loaded stays for as long as the process does, and a page is some thousand values that are
# gone with it: collected at Python's usual intervals, all that was loaded is walked for nothing.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
