"""Addresses of the API of models, below /api/v1/."""

from django.urls import path

from models_registry import api

urlpatterns = [
    path("models/", api.Models.as_view(), name="api_models"),
    path("models/<slug:key>/versions", api.Versions.as_view(), name="api_model_versions"),
    path("models/<slug:key>/versions/<int:number>/promote", api.Promotion.as_view(), name="api_promote_version"),
    path("models/<slug:key>/versions/<int:number>/retire", api.Retirement.as_view(), name="api_retire_version"),
]
