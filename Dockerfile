# The images of the shop and the operator, for machines without cargo:
#
#   docker build --target shop -t storefront/shop:0.1.0 .
#   docker build --target operator -t storefront/operator:0.1.0 .
#
# `make images` creates the same images from binaries that cargo built on the host.
FROM rust:1.95.0-bookworm AS build
ARG PROFILE=release
# The toolchain of the base image, without the components that rust-toolchain.toml adds.
ENV RUSTUP_TOOLCHAIN=1.95.0 SQLX_OFFLINE=true
WORKDIR /src
COPY . .
# A static program. With --target the flag does not apply to build scripts and macros.
RUN target="$(uname -m)-unknown-linux-gnu" \
 && RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --profile "$PROFILE" \
      --target "$target" --package shop --package storefront-operator \
 && mkdir /out \
 && cp "target/$target/$PROFILE/shop" "target/$target/$PROFILE/storefront-operator" /out/

FROM scratch AS operator
COPY --from=build /out/storefront-operator /operator
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
ENTRYPOINT ["/operator"]

FROM scratch AS shop
COPY --from=build /out/shop /shop
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
ENTRYPOINT ["/shop"]
