from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "hitl_platform.ledger"
    label = "ledger"
