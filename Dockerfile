# UNTESTED here (no container engine): linted, and its steps were run by hand outside a container.
# One process with every role; give more containers other `--roles` to spread it.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /curfew
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production CURFEW_STATE_DIR=/run/curfew
WORKDIR /curfew
COPY --from=dependencies /curfew/node_modules ./node_modules
COPY package.json LICENSE ./
COPY schemas ./schemas
COPY services ./services
# Nothing is written but below /run/curfew (the API's address and token, a tmpfs), keysDir and what the config names: the rest may be read-only.
RUN mkdir /run/curfew && chown node:node /run/curfew
USER node
EXPOSE 7440
# Health is the canary's age and nothing else: 503 without a canary.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7440/healthz').then(a => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# 70 asks to be started again, 78 means that the config was refused.
ENTRYPOINT ["node", "services/main.ts"]
CMD ["--config", "/etc/curfew/curfew.yaml"]
