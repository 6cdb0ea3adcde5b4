# The images of the shop and of the operator, for those who do not build with cargo on their machine:
#
#   docker build --target shop -t storefront/shop:0.1.0 .
#   docker build --target operator -t storefront/operator:0.1.0 .
#
# `make images` makes the same ones from the binaries that cargo built, where there is a cargo.
FROM rust:1.95.0-bookworm AS build
ARG PROFILE=release
# The toolchain of this image, without what rust-toolchain.toml adds for developers.
ENV RUSTUP_TOOLCHAIN=1.95.0 SQLX_OFFLINE=true
WORKDIR /src
COPY . .
# A static program: the flag, and a --target so that build scripts and macros are spared it.
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
