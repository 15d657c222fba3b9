"""Addresses of the pages that look back, below /audits/."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
