"""The WSGI application that granian serves. It does not serve while a wall between tenants is down."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_platform.settings")
application = get_wsgi_application()

# models and the catalogue can be read only once Django is set up
from hitl_platform.tenants.catalogue import breaches  # noqa: E402  # see the line above

_found = breaches()
connection.close()
# every view is imported now: else the first request of each process does it while its client waits for seconds
_names = get_resolver().reverse_dict
# what is loaded now stays loaded: a full collection that looks at it again holds up requests for 100 ms
gc.collect()
gc.freeze()
if _found:
    raise ImproperlyConfigured("The walls between tenants are not as they must be:\n" + "\n".join(_found))
# whoever started the server waits until each of its processes says so
sys.stdout.write("web process ready\n")
sys.stdout.flush()
