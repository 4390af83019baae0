"""Signing in through other organisations' OpenID providers: NHS CIS2, a council's own."""
