"""A small Django project around the paginators, throttles and logins of Django REST framework."""
