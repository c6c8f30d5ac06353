# OpenBao for the local stack and for docker-compose.yml. @NAMES@ are filled in by server-config.ts.
api_addr     = "@ADDRESS@"
cluster_addr = "@CLUSTER_ADDRESS@"
ui           = false

storage "raft" {
  path                   = "@FOLDER@/data"
  node_id                = "curfew"
  performance_multiplier = 1
}

listener "tcp" {
  address       = "@LISTEN@"
  tls_cert_file = "@FOLDER@/server.pem"
  tls_key_file  = "@FOLDER@/server-key.pem"
}

seal "static" {
  current_key_id = "local"
  current_key    = "file://@FOLDER@/seal.key"
}

# Accessors and lease ids in clear, values as HMACs: who was given what can be read here, and no secret.
audit "file" "file" {
  options {
    file_path     = "@FOLDER@/audit.log"
    hmac_accessor = "false"
  }
}

# Runs once, on empty storage. There is no root token to carry: provision.ts goes on as this administrator.
initialize "administrator" {
  request "policy" {
    operation = "update"
    path      = "sys/policies/acl/admin"
    data = {
      policy = <<-EOT
        path "*" {
          capabilities = ["create", "read", "update", "delete", "list", "patch", "sudo"]
        }
      EOT
    }
  }

  request "userpass" {
    operation = "update"
    path      = "sys/auth/userpass"
    data = {
      type = "userpass"
    }
  }

  request "user" {
    operation = "update"
    path      = "auth/userpass/users/admin"
    data = {
      token_policies = ["admin"]
      password = {
        eval_source     = "env"
        eval_type       = "string"
        env_var         = "CURFEW_INITIAL_ADMIN_PASSWORD"
        require_present = true
      }
    }
  }
}
