# The image holds one program and one directory. Build:  docker build -t ossicle .
#
#   docker run --rm -p 127.0.0.1:6770:6770 -v ossicle:/data ossicle
#
# The program runs as user 65532. A named volume takes over the ownership of /data below; a directory of the host keeps
# its own, so say whose it is:
#
#   mkdir data && docker run --rm -p 127.0.0.1:6770:6770 --user "$(id -u):$(id -g)" -v "$PWD/data:/data" ossicle
#
# Nothing but /data is written, so --read-only works. Every flag has a variable: -e OSSICLE_MEMORY=true.
# The default keys are public: set OSSICLE_ACCESS_KEY_ID and OSSICLE_ACCESS_KEY_SECRET where others reach the port.

# Bookworm in both stages, so that the C library is the same. Not musl: its allocator is slow under many threads.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin ossicle \
    && install -D target/release/ossicle /image/ossicle \
    && mkdir /image/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /image/ossicle /ossicle
COPY --from=build --chown=65532:65532 /image/data /data
# In a container, loopback is the container's own; the port is published by -p.
ENV OSSICLE_LISTEN=0.0.0.0:6770 OSSICLE_DATA=/data
USER 65532:65532
VOLUME /data
EXPOSE 6770 6771
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 CMD ["/ossicle", "healthcheck"]
ENTRYPOINT ["/ossicle"]
