"""Addresses of the API that looks back, below /api/v1/."""

from django.urls.resolvers import URLPattern

urlpatterns: list[URLPattern] = []
