# The token that each dynamic login belongs to: it makes that login, lives as long, and may nothing else.
path "database/creds/rotated-*" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
