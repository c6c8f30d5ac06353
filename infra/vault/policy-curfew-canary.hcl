# The canary token of the health check: only through its role, which decides life and policies.
path "auth/token/create/curfew-canary" {
  capabilities = ["create", "update"]
}
