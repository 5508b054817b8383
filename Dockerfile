# One image for all processes: engine, collector, API, alerts, migration. `docker build --tag signalengine:dev .`

# Stage 1: a virtual environment with the locked dependencies and the wheel of this project.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/signalengine
WORKDIR /build
COPY requirements-runtime.lock ./
# Wheels only: the installed files are those that were hashed, and no third-party setup script runs during the build.
RUN /opt/signalengine/bin/pip install --require-hashes --only-binary :all: --requirement requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY domain/ domain/
COPY operators/ operators/
COPY store/ store/
COPY flows/ flows/
COPY api/ api/
# A regular install, not an editable one, so that only one copy of each module can be imported.
RUN /opt/signalengine/bin/pip install --no-deps . && /opt/signalengine/bin/pip check

# Stage 2: only that environment and a user.
FROM python:3.11-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin signalengine \
    && install --directory --owner signalengine /var/cache/numba /var/lib/signalengine
COPY --from=build /opt/signalengine /opt/signalengine
# NUMBA_CACHE_DIR must be writable; otherwise numba compiles all kernels at each start.
ENV PATH=/opt/signalengine/bin:$PATH \
    NUMBA_CACHE_DIR=/var/cache/numba \
    PYTHONUNBUFFERED=1
# An empty directory, so that `python -m flows` imports the installed package and no directory of the same name.
WORKDIR /srv/empty
USER 10001:10001
# Exec form, without shell or init: Python is process 1 and receives SIGTERM.
CMD ["python", "-m", "flows", "--help"]
