# The trainer on a GPU. UNVERIFIED: neither its base image nor a GPU with the CUDA libraries of this TensorFlow was at
# hand. What is known of native TensorFlow here: docs/decisions/0009-native-tensorflow.md.
#
#   docker build -f infra/docker/Dockerfile --target app --build-arg APP=trainer -t watchnext/trainer:app .
#   docker build -f infra/docker/trainer-gpu.Dockerfile --build-arg APP_IMAGE=watchnext/trainer:app -t watchnext/trainer-gpu:0.1.0 .
ARG APP_IMAGE=watchnext/trainer:app
ARG NODE_IMAGE=node:24-bookworm
# tfjs-node-gpu 4.22 is linked against TensorFlow 2.9's library, which asks for CUDA 11.2 and cuDNN 8.1 or later.
ARG CUDA_IMAGE=nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04

FROM ${APP_IMAGE} AS app
WORKDIR /app
# Downloads libtensorflow while installing.
RUN npm install --no-save --no-audit --no-fund @tensorflow/tfjs-node-gpu@4.22.0

FROM ${NODE_IMAGE} AS node

FROM ${CUDA_IMAGE}
COPY --from=node /usr/local/bin/node /usr/local/bin/node
ENV NODE_ENV=production
WORKDIR /app
COPY --from=app /app /app
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["node"]
CMD ["/app/apps/trainer/dist/main.js", "--once"]
