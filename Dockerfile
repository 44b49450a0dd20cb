# syntax=docker/dockerfile:1
# A static binary in an image without a shell, a package manager or a root user. Releases pin both base images by digest:
#   docker build --build-arg GO_IMAGE=golang:1.26@sha256:… \
#     --build-arg RUN_IMAGE=gcr.io/distroless/static-debian12:nonroot@sha256:… .
ARG GO_IMAGE=golang:1.26
ARG RUN_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/adiuva-api ./cmd/adiuva-api \
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
