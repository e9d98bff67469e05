//! Which address is answered by what. GET and HEAD alone but for the callbacks of hubs, no
//! redirect, no path to a file.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};

use super::{
    answer::answer,
    assets,
    document::Document,
    hubs, outputs, pages, probes,
    problem::Problem,
    query::Query,
    river,
    state::{Published, Server},
};
use crate::publish::{Format, archive_of, pages::message};

/// All addresses of ours, below the path of the base address as well as without it: some
/// proxies take the prefix off, others do not.
pub fn router(server: Server) -> Router {
    let addresses = Router::new()
        .route("/", get(first_river))
        .route("/article/{slug}", get(article))
        .route("/status", get(status))
        .route("/search", get(search))
        .route("/search.atom", get(search_feed))
        .route("/search.rss", get(search_feed))
        .route("/search.json", get(search_feed))
        .route("/feeds.opml", get(subscriptions))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .route("/style.css", get(assets::style))
        .route("/favicon.svg", get(assets::icon))
        .route("/favicon.ico", get(assets::icon))
        .route("/robots.txt", get(assets::robots))
        .route("/{document}", get(document))
        .fallback(nothing)
        // From the inside out.
        .layer(RequestBodyLimitLayer::new(super::BODY_LIMIT_BYTES))
        // With a limit of their own.
        .route("/websub/{token}", get(hub_asks).post(hub_pushes))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            super::REQUEST_TIMEOUT,
        ))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(server.clone(), finish))
        .with_state(server.clone());
    let prefix = move |request: Request| without_prefix(&server.published(), request);
    Router::new().fallback_service(ServiceBuilder::new().map_request(prefix).service(addresses))
}

async fn first_river(State(server): State<Server>, request: Request) -> Response {
    let published = server.published();
    let Some(output) = published.outputs.first() else {
        return refuse(&published, &Problem::NotFound);
    };
    let made = river::river(&server, &published, output, &query(&request)).await;
    respond(&published, request.headers(), made).await
}

/// `/NAME.atom`, `/NAME.rss`, `/NAME.json`, their archives as `/NAME.archive-ROW.atom`, and
/// the page `/NAME` or `/NAME.html`.
async fn document(State(server): State<Server>, request: Request) -> Response {
    let published = server.published();
    let path = request.uri().path().trim_start_matches('/');
    let (name, format) = match path.rsplit_once('.') {
        None => (path, Some(Format::Html)),
        Some((name, ending)) => {
            (name, Format::ALL.into_iter().find(|format| format.extension() == ending))
        }
    };
    let (name, archive) = archive_of(name).map_or((name, None), |(name, row)| (name, Some(row)));
    let (Some(output), Some(format)) = (published.output(name), format) else {
        return refuse(&published, &Problem::NotFound);
    };
    let query = query(&request);
    let made = match (format, archive) {
        // A page of the river has all that an archive's page would have.
        (Format::Html, Some(_)) => Err(Problem::NotFound),
        (Format::Html, None) => river::river(&server, &published, output, &query).await,
        (feed, Some(row)) => outputs::archive(&server, &published, output, feed, row).await,
        (feed, None) => {
            outputs::output(&server, &published, output, feed, &query, request.headers()).await
        }
    };
    respond(&published, request.headers(), made).await
}

async fn article(State(server): State<Server>, request: Request) -> Response {
    let published = server.published();
    let slug = request.uri().path().rsplit('/').next().unwrap_or_default();
    let made = pages::article(&server, &published, slug).await;
    respond(&published, request.headers(), made).await
}

async fn status(State(server): State<Server>, request: Request) -> Response {
    let published = server.published();
    let made = pages::status(&server, &published, &query(&request)).await;
    respond(&published, request.headers(), made).await
}

async fn search(State(server): State<Server>, request: Request) -> Response {
    let published = server.published();
    let made = pages::search(&server, &published, &query(&request)).await;
    respond(&published, request.headers(), made).await
}

async fn search_feed(State(server): State<Server>, request: Request) -> Response {
    let published = server.published();
    let ending = request.uri().path().rsplit('.').next().unwrap_or_default();
    let format = Format::ALL.into_iter().find(|format| format.extension() == ending);
    let format = format.unwrap_or(Format::Atom);
    let made = outputs::search(&server, &published, format, &query(&request)).await;
    respond(&published, request.headers(), made).await
}

async fn subscriptions(State(server): State<Server>, request: Request) -> Response {
    let published = server.published();
    let made = super::subscriptions::opml(&server, &published).await;
    respond(&published, request.headers(), made).await
}

async fn hub_asks(State(server): State<Server>, method: Method, uri: Uri) -> Response {
    to_hub(&server, hubs::verify(&server, &method, &uri).await)
}

async fn hub_pushes(State(server): State<Server>, request: Request) -> Response {
    to_hub(&server, hubs::receive(&server, request).await)
}

fn to_hub(server: &Server, answered: Result<Option<Response>, Problem>) -> Response {
    match answered {
        Ok(Some(response)) => response,
        Ok(None) => refuse(&server.published(), &Problem::NotFound),
        Err(problem) => refuse(&server.published(), &problem),
    }
}

async fn nothing(State(server): State<Server>) -> Response {
    refuse(&server.published(), &Problem::NotFound)
}

fn query(request: &Request) -> Query {
    Query::new(request.uri().query())
}

async fn respond(
    published: &Published,
    headers: &HeaderMap,
    made: Result<Arc<Document>, Problem>,
) -> Response {
    match made {
        Ok(document) => {
            let mut response = answer(headers, &document).await;
            if document.content_type.starts_with("text/html") {
                guard(published, response.headers_mut());
            }
            response
        }
        Err(problem) => refuse(published, &problem),
    }
}

/// A page that says why there is none.
fn refuse(published: &Published, problem: &Problem) -> Response {
    if let Problem::Store(error) = problem {
        tracing::error!("a request was not answered: {error}");
    }
    let page = message(&published.pages, problem.heading(), &problem.to_string());
    let mut response = (problem.status(), page.0).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if problem.status() == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    }
    guard(published, headers);
    response
}

/// The policy of pages: nothing but our own style, pictures and sound from the web, and
/// never a script, a frame or a form to elsewhere.
fn guard(published: &Published, headers: &mut HeaderMap) {
    let policy = if published.pages.images { PAGE_POLICY } else { PAGE_POLICY_WITHOUT_IMAGES };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
}

/// What every answer carries, and what is counted of it.
async fn finish(State(server): State<Server>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(OTHER_POLICY));
    // Over plain HTTP browsers ignore it, with an error in each page's console.
    if server.published().site.base_url.scheme() == "https" {
        headers.insert(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        );
    }
    server.metrics().answered(route, response.status().as_u16(), started.elapsed());
    response
}

/// A panic is this answer's end, not the server's; what it said stays in the log.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a request's handler panicked");
    let mut response = Response::new(Body::from("Something broke.\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Takes the base address's path off, where a request still has it.
fn without_prefix(published: &Published, mut request: Request) -> Request {
    let prefix = published.pages.root().trim_end_matches('/');
    let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let rest = match path_and_query.strip_prefix(prefix) {
        Some(rest) if !prefix.is_empty() && rest.starts_with('/') => rest.to_owned(),
        Some(rest) if !prefix.is_empty() && (rest.is_empty() || rest.starts_with('?')) => {
            format!("/{rest}")
        }
        _ => return request,
    };
    if let Ok(uri) = rest.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

const PAGE_POLICY: &str = "default-src 'none'; img-src 'self' https: data:; style-src 'self'; \
     media-src https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE_POLICY_WITHOUT_IMAGES: &str = "default-src 'none'; img-src 'self'; style-src 'self'; \
     media-src https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// For everything that is no page: should a browser take it for one, it can do nothing.
const OTHER_POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
