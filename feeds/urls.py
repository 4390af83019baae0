"""Addresses of deliveries."""

from django.urls import path

from feeds import views

urlpatterns = [
    path("deliveries", views.batches, name="batches"),
    path("deliveries/give-in", views.give_in, name="give-in-delivery"),
    path("deliveries/<uuid:public_id>", views.batch, name="batch"),
    path("deliveries/<uuid:public_id>/again", views.load_again, name="load-batch-again"),
    path("deliveries/<uuid:public_id>/decide", views.decide, name="decide-batch"),
    path("deliveries/<uuid:public_id>/replay", views.replay, name="replay-batch"),
    path("deliveries/<uuid:public_id>/held", views.held, name="held"),
    path("api/deliveries/<uuid:public_id>", views.batch_as_json, name="batch-as-json"),
]
