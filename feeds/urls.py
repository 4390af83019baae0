"""Addresses of feeds."""
urlpatterns = []
