"""Settings: reads the environment, fails loudly, and does nothing else.

Every variable is described in README.md; a test holds that table against this file.
"""

import base64
import binascii
import importlib.util
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

# Commands that need no server (aggregate_csv, makemigrations, …) run without any configuration.
OFFLINE = os.environ.get("HITL_OFFLINE") == "1"


def _text(name: str, default: str | None = None, *, offline: str = "") -> str:
    value = os.environ.get(name, default)
    if OFFLINE and not value:
        return offline
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. README.md, section Configuration, says what it holds.")
    return value


def _number(name: str, default: int, *, low: int, high: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes a whole number from {low} to {high}.")
    return int(value)


def _evidence_storage() -> dict[str, Any]:
    """Django's storage of evidence files: a folder, or a bucket where django-storages is installed."""
    place = _text("EVIDENCE_STORE", offline="/nonexistent/evidence")
    if place.startswith("s3://"):
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        if not bucket or importlib.util.find_spec("storages") is None:
            raise ImproperlyConfigured(
                "EVIDENCE_STORE takes s3://bucket/prefix where django-storages[s3] is installed."
            )
        bucket_options = {"bucket_name": bucket, "location": prefix, "default_acl": None, "querystring_auth": True}
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": bucket_options}
    folder = Path(place)
    if not folder.is_absolute() or any(each in (folder, *folder.parents) for each in _OPEN_FOLDERS):
        raise ImproperlyConfigured("EVIDENCE_STORE takes the absolute path of a folder that no web server shows.")
    options = {"location": place, "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}


# what the web process serves as it is, and code
_OPEN_FOLDERS = (BASE_DIR / "hitl_platform", BASE_DIR / "templates")
PREPARE_THRESHOLD = 5


def _database(name: str, role: str) -> dict[str, Any]:
    parts = urlsplit(_text(name, offline=f"postgresql://{role}@127.0.0.1:1/offline"))
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/") or not parts.hostname:
        raise ImproperlyConfigured(f"{name} takes postgresql://role:password@host:port/database.")
    if parts.username != role:
        raise ImproperlyConfigured(f"{name} takes the role {role}, not {parts.username!r}: each role has one purpose.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": role,
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname,
        "PORT": str(parts.port or 5432),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # nothing here is bound to a session, so a transaction pooler may stand between
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "options": "-c idle_in_transaction_session_timeout=15000",
            # of kernel.bound_cursor's statements; PgBouncer follows prepared statements since 1.22
            "prepare_threshold": PREPARE_THRESHOLD,
        },
    }


def _signing_key() -> str:
    value = os.environ.get("LEDGER_SIGNING_KEY", "")
    if value:
        try:
            seed = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            seed = b""
        if len(seed) != 32:
            raise ImproperlyConfigured("LEDGER_SIGNING_KEY takes 32 random bytes in base64.")
    return value


SECRET_KEY = _text("SECRET_KEY", offline="offline-only-7Q4wZ1xV9nB3mK8jH5gF2dS6aP0oI4uY")
if len(SECRET_KEY) < 40 or len(set(SECRET_KEY)) < 8 or "insecure" in SECRET_KEY.lower():
    raise ImproperlyConfigured("SECRET_KEY takes 40 or more random characters; this is short or a known sample.")

PUBLIC_URL = _text("PUBLIC_URL", offline="http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
_loopback = _public.hostname in ("127.0.0.1", "localhost", "::1")
if _public.scheme not in ("http", "https") or not _public.hostname or _public.path:
    raise ImproperlyConfigured("PUBLIC_URL takes the address people open, such as https://cases.example.org.")
if _public.scheme == "http" and not _loopback:
    raise ImproperlyConfigured("PUBLIC_URL takes https; plain http is for loopback addresses alone.")
SECURE = _public.scheme == "https"

DEBUG = False
ALLOWED_HOSTS = [_public.hostname, *(["127.0.0.1", "localhost"] if _loopback else [])]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "hitl_platform.tenants.apps.TenantsConfig",
    "hitl_platform.ledger.apps.LedgerConfig",
    "hitl_platform.access.apps.AccessConfig",
    "hitl_platform.pipeline.apps.PipelineConfig",
    "hitl_platform.doors.apps.DoorsConfig",
    "hitl_platform.notices.apps.NoticesConfig",
    "hitl_platform.backups.apps.BackupsConfig",
    "hitl_platform.console.apps.ConsoleConfig",
    "cases.apps.CasesConfig",
    "models_registry.apps.ModelsRegistryConfig",
    "reviews.apps.ReviewsConfig",
    "audits.apps.AuditsConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "guardian",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hitl_platform.doors.csp.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "hitl_platform.doors.addresses.Addresses",
    "hitl_platform.doors.zones.PersonZone",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "hitl_platform.doors.boosted.Boosted",
    "hitl_platform.doors.middleware.TenantScope",
]

ROOT_URLCONF = "hitl_platform.urls"
WSGI_APPLICATION = "hitl_platform.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": _database("DATABASE_URL", "hitl_app"),
    "migrator": _database("MIGRATOR_DATABASE_URL", "hitl_migrator"),
    "sweeper": _database("SWEEPER_DATABASE_URL", "hitl_sweeper"),
    "sealer": _database("SEALER_DATABASE_URL", "hitl_sealer"),
}
# `manage.py provision` alone takes it; nothing else ever connects as superuser
SUPERUSER_DATABASE_URL = os.environ.get("SUPERUSER_DATABASE_URL", "")
# `manage.py backup` and `provision` alone take it: the role reads the rows of every tenant
BACKUP_DATABASE_URL = os.environ.get("BACKUP_DATABASE_URL", "")
if BACKUP_DATABASE_URL and urlsplit(BACKUP_DATABASE_URL).username != "hitl_backup":
    raise ImproperlyConfigured("BACKUP_DATABASE_URL takes postgresql://hitl_backup:password@host:port/database.")
# the admin's own log is never written, so its table is never made: the console's history is the ledger
MIGRATION_MODULES = {"admin": None}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_URL = _text("BROKER_URL", offline="redis://127.0.0.1:1/0")
if urlsplit(BROKER_URL).scheme not in ("redis", "rediss", "unix"):
    raise ImproperlyConfigured("BROKER_URL takes redis://, rediss:// or unix://.")

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": BROKER_URL,
        "KEY_PREFIX": "hitl",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = [
    "hitl_platform.access.entry.MemberBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ANONYMOUS_USER_NAME = None

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/start/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "hitl_platform.access.accounts.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
# account and address each have a limit of their own; counted in Valkey, and closed when it is away
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "hitl_platform.access.second_factor.SealedMFAAdapter"
MFA_TOTP_ISSUER = "HITL Platform"
# the console asks managers and above for a second factor, except on a loopback address (the demo)
CONSOLE_SECOND_FACTOR = SECURE
TRUSTED_PROXY_COUNT = _number("TRUSTED_PROXY_COUNT", 0, low=0, high=5)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

SESSION_ENGINE = "hitl_platform.access.sessions"
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * _number("SESSION_HOURS", 12, low=1, high=168)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "hitl_platform.doors.errors.csrf_failure"
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE and TRUSTED_PROXY_COUNT else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# requests are bounded in bytes here; bulk submissions stream and have a bound of their own
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_HANDLERS = ["hitl_platform.doors.uploads.BoundedUpload"]
DATA_UPLOAD_MAX_NUMBER_FILES = 10
EVIDENCE_MAX_BYTES = _number("EVIDENCE_MAX_MIB", 25, low=1, high=1024) << 20
# all files of one request
UPLOAD_MAX_BYTES = max(2 * EVIDENCE_MAX_BYTES, 64 << 20)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "evidence": _evidence_storage(),
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
# one way to write a time on every page, the console's too
FORMAT_MODULE_PATH = "hitl_platform.kernel.formats"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "hitl_platform" / "static"]
# served from the packages they come in, indexed once at the start: no collecting step to forget
WHITENOISE_USE_FINDERS = True
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = _number("EMAIL_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = bool(EMAIL_HOST)
# well under the lease of a mail's step
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "hitl@localhost")

LEDGER_SIGNING_KEY = _signing_key()


def _kind(handler: str, *, cases: int, on_dead: str = "", max_attempts: int = 4) -> dict[str, Any]:
    terms = {"handler": handler, "cases": cases, "lease_seconds": 60, "max_attempts": max_attempts}
    return terms | ({"on_dead": on_dead} if on_dead else {})


# what must still happen: kind of step -> who does it, for how many cases at once, and how often it is tried
STEP_KINDS: dict[str, dict[str, Any]] = {
    "score": _kind("models_registry.steps.score_cases", cases=1000, on_dead="models_registry.steps.give_up_scoring"),
    "route": _kind("reviews.steps.route_cases", cases=1000, on_dead="reviews.steps.route_to_humans"),
    "consensus": _kind(
        "reviews.steps.aggregate_panels", cases=200, on_dead="reviews.escalation_steps.tell_of_dead_step"
    ),
    # one at a time, since each takes as long as its server likes
    "fetch_file": _kind("cases.steps.fetch_files", cases=1, on_dead="cases.steps.give_up_fetching"),
    "shred_file": _kind("cases.steps.shred_files", cases=100, max_attempts=10),
    # one a transaction: it stands in the line of its reviewer's claims
    "hide": _kind("reviews.quality_steps.open_hidden", cases=1),
    "assess": _kind("reviews.quality_steps.assess_judgments", cases=200),
    "stamps": _kind("reviews.quality_steps.look_for_stamps", cases=10),
    "withdraw": _kind("reviews.steps.close_reviews", cases=200),
    "appeal": _kind("audits.appeal_steps.hear_appeals", cases=50),
    # one at a time: a part of a population is seconds of the database's work
    "audit_freeze": _kind("audits.bias_steps.freeze_population", cases=1, on_dead="audits.bias_steps.give_up_audit"),
    "audit_schedule": _kind("audits.bias_steps.begin_scheduled", cases=1),
    "audit_compute": _kind("audits.bias_steps.compute_audit", cases=1, on_dead="audits.bias_steps.give_up_audit"),
    "retention": _kind("audits.retention_steps.plan_retention", cases=1, on_dead="audits.retention_steps.plan_again"),
    "retain": _kind("audits.retention_steps.retain", cases=200, on_dead="audits.retention_steps.give_up_retaining"),
    "expire": _kind("reviews.steps.expire_leases", cases=500),
    "absence": _kind("reviews.staffing_steps.reseat_absent", cases=50),
    "sla": _kind("reviews.escalation_steps.tell_terms", cases=20),
    "wake": _kind("reviews.escalation_steps.wake_panels", cases=50),
    "escalate": _kind("reviews.escalation_steps.fire_rules", cases=200),
    "climb": _kind("reviews.escalation_steps.climb_ladders", cases=20),
    # one at a time: a server that refuses one mail has every other one sent once
    "mail": _kind("hitl_platform.notices.steps.send_mail", cases=1, max_attempts=10),
    "digest": _kind("hitl_platform.notices.steps.send_digest", cases=1, max_attempts=10),
}

# the database is the truth and a message only a doorbell: losing one costs latency, never work
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_TIME_LIMIT = 55
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 1}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "hitl_platform.doors.authentication.KeyAuthentication",
        "hitl_platform.doors.authentication.MemberAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["hitl_platform.doors.authentication.IsActor"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["hitl_platform.doors.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "hitl_platform.doors.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "HITL Platform",
    "DESCRIPTION": "Submit cases, read decisions, post outcomes.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # drf-spectacular's own hook is left out: enumerations stand where they are used, each `state` its own
    "POSTPROCESSING_HOOKS": ["hitl_platform.doors.openapi.tell_of_problems"],
    # the version whose schemas are JSON Schema proper, as those are that check the input
    "OAS_VERSION": "3.1.1",
}

LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
if LOG_LEVEL not in _LEVELS:
    raise ImproperlyConfigured(f"LOG_LEVEL is {LOG_LEVEL!r}; it takes one of {', '.join(_LEVELS)}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "hitl_platform.kernel.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
}
