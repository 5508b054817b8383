# The image of every process: engine, collector, API, migration. `docker build --tag signalengine:dev .`

# Stage 1: the locked dependencies and our wheel, in a virtual environment.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/signalengine
WORKDIR /build
COPY requirements-runtime.lock ./
# Wheels only: what the hash names is what runs, and no program of a stranger runs at build.
RUN /opt/signalengine/bin/pip install --require-hashes --only-binary :all: --requirement requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY domain/ domain/
COPY operators/ operators/
COPY store/ store/
COPY flows/ flows/
COPY api/ api/
# Installed and not editable: there is one copy of each module, with one name.
RUN /opt/signalengine/bin/pip install --no-deps . && /opt/signalengine/bin/pip check

# Stage 2: that environment, a user, and nothing else.
FROM python:3.11-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin signalengine \
    && install --directory --owner signalengine /var/cache/numba /var/lib/signalengine
COPY --from=build /opt/signalengine /opt/signalengine
# NUMBA_CACHE_DIR: numba tests that it can write there, and compiles at each start if it cannot.
ENV PATH=/opt/signalengine/bin:$PATH \
    NUMBA_CACHE_DIR=/var/cache/numba \
    PYTHONUNBUFFERED=1
# Empty, so that `python -m flows` finds the installed package and no folder of the same name.
WORKDIR /srv/empty
USER 10001:10001
# No shell and no init in between: Python is process 1, and SIGTERM reaches it.
CMD ["python", "-m", "flows", "--help"]
