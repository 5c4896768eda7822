# syntax=docker/dockerfile:1

# Node.js, for the two packages that the build takes from npm.
FROM node:20-bookworm-slim AS node

FROM rust:1-bookworm AS build
COPY --from=node /usr/local /usr/local/node
ENV PATH="/usr/local/node/bin:$PATH"
WORKDIR /source
COPY . .
# The same script as `make bundle`; its tools and artefacts stay in a cache, not in a layer.
RUN --mount=type=cache,target=/root/.cache/finally \
    --mount=type=cache,target=/usr/local/cargo/registry \
    scripts/build.sh && cp -r dist /bundle

# The bundle alone, run by a user that owns nothing but the database's folder.
FROM debian:bookworm-slim
COPY --from=build /bundle /opt/finally
RUN useradd --system --uid 10001 --no-create-home finally && install -d -o finally -g finally /app/db
USER finally
WORKDIR /app
VOLUME /app/db
# To a container every browser is another machine, so who may ask is decided by where the port is published: on this machine
# alone (-p 127.0.0.1:8000:8000), or for others too with ACCESS=local.
ENV HOST=0.0.0.0 PORT=8000 ACCESS=open
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s CMD ["/opt/finally/finally", "--health"]
CMD ["/opt/finally/finally"]
