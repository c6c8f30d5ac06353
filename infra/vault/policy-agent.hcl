# What a sample agent may open.
path "secret/data/sample/*" {
  capabilities = ["read"]
}
