# The images of everything that runs on Node, a target each. There is no build step but the page's: Node runs the TypeScript
# files as they are.
#
#   docker build -t localhost/ml-job-mesh/services:local --target services .
#   docker build -t localhost/ml-job-mesh/prediction-service:local --target prediction-service .
#   docker build -t localhost/ml-job-mesh/web-ui:local --target web-ui .
#
# The Node that the tests run on: the version of the `node` package in package.json.
FROM docker.io/library/node:26.10.0-slim AS node

# What decides which packages are installed; editing a program installs none anew.
FROM node AS manifests
WORKDIR /app
COPY .npmrc package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY cluster_client/package.json cluster_client/
COPY http_service/package.json http_service/
COPY tier_service/package.json tier_service/
COPY free_service/package.json free_service/
COPY premium_service/package.json premium_service/
COPY prediction_service/package.json prediction_service/
COPY mesh_client/package.json mesh_client/
COPY web_ui/package.json web_ui/
# The version that package.json's scripts call.
RUN --mount=type=cache,target=/root/.npm npm install --global pnpm@12.21.0

# Packages without what nothing reads at run time: types, source maps, and Node itself, which is in the base image.
FROM manifests AS services-packages
RUN --mount=type=cache,target=/pnpm pnpm install --store-dir /pnpm --frozen-lockfile --prod \
        --filter ml-job-mesh... --filter @ml-job-mesh/free-service --filter @ml-job-mesh/premium-service \
    && rm -rf node_modules/node node_modules/.pnpm/node@* pnpm-*.yaml .npmrc \
    && find node_modules '(' -name '*.d.ts' -o -name '*.d.?ts' -o -name '*.map' ')' -delete

FROM node AS services
WORKDIR /app
ENV NODE_ENV=production
COPY --from=services-packages /app ./
COPY service.ts grader_interface.ts ./
COPY model_config/datasets.json model_config/
COPY cluster_client cluster_client
COPY http_service http_service
COPY tier_service tier_service
COPY free_service free_service
COPY premium_service premium_service
COPY grader_interface grader_interface
USER 10001:10001
# What runs is the arguments of the pod, e.g. `service.ts free` or `grader_interface.ts`.
ENTRYPOINT ["node"]

FROM manifests AS prediction-packages
# ONNX Runtime brings its libraries for every system.
RUN --mount=type=cache,target=/pnpm pnpm install --store-dir /pnpm --frozen-lockfile --prod \
        --filter @ml-job-mesh/prediction-service... \
    && rm -rf node_modules/node node_modules/.pnpm/node@* pnpm-*.yaml .npmrc \
    && find node_modules '(' -name '*.d.ts' -o -name '*.d.?ts' -o -name '*.map' ')' -delete \
    && cd node_modules/.pnpm/onnxruntime-node@*/node_modules/onnxruntime-node/bin/napi-v6 \
    && rm -rf darwin win32 \
    && for kind in linux/*; do [ "$kind" = "linux/$(node -p process.arch)" ] || rm -rf "$kind"; done

FROM node AS prediction-service
WORKDIR /app
# The models come from the volume at /src; one that is made for this folder is the containers' user's.
ENV NODE_ENV=production \
    MODEL_FOLDER=/src/model \
    MALLOC_ARENA_MAX=2
RUN mkdir -p /src && chown 10001:10001 /src
COPY --from=prediction-packages /app ./
COPY cluster_client cluster_client
COPY http_service http_service
COPY prediction_service prediction_service
USER 10001:10001
EXPOSE 5000
ENTRYPOINT ["node"]
CMD ["prediction_service/server.ts"]

# What browsers are given.
FROM manifests AS page
RUN --mount=type=cache,target=/pnpm pnpm install --store-dir /pnpm --frozen-lockfile --filter @ml-job-mesh/web-ui
COPY tsconfig.json ./
COPY mesh_client mesh_client
COPY model_config/datasets.json model_config/
COPY tier_service tier_service
COPY web_ui web_ui
RUN node web_ui/build.ts

FROM manifests AS page-packages
# By name: what the page's build needs of other services is not needed any more.
RUN --mount=type=cache,target=/pnpm pnpm install --store-dir /pnpm --frozen-lockfile --prod \
        --filter @ml-job-mesh/web-ui --filter @ml-job-mesh/http-service --filter @ml-job-mesh/cluster-client \
    && rm -rf node_modules/node node_modules/.pnpm/node@* pnpm-*.yaml .npmrc \
    && find node_modules '(' -name '*.d.ts' -o -name '*.d.?ts' -o -name '*.map' ')' -delete

FROM node AS web-ui
WORKDIR /app
ENV NODE_ENV=production
COPY --from=page-packages /app ./
COPY cluster_client cluster_client
COPY http_service http_service
COPY web_ui/server.ts web_ui/app.ts web_ui/
COPY --from=page /app/web_ui/dist web_ui/dist
USER 10001:10001
EXPOSE 3000
ENTRYPOINT ["node"]
CMD ["web_ui/server.ts"]
