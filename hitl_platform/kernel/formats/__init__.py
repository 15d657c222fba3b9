"""How dates and times are written, by language: Django finds them through FORMAT_MODULE_PATH."""
