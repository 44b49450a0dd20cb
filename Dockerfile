# syntax=docker/dockerfile:1
# A static binary in an image without a shell, a package manager or a root user. Both base images are pinned by the digest
# of their list of platforms; the compiler runs on the builder's own platform, so arm64 needs no emulation.
ARG GO_IMAGE=golang:1.26.8-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d
ARG RUN_IMAGE=gcr.io/distroless/static-debian12:nonroot@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=dev
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/adiuva-api ./cmd/adiuva-api \
    && mkdir /out/data

FROM ${RUN_IMAGE}
COPY --from=build /out/adiuva-api /adiuva-api
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV ENV=prod ADIUVA_DATA_DIR=/data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["/adiuva-api", "healthcheck"]
ENTRYPOINT ["/adiuva-api"]
CMD ["serve"]
