//! The callbacks of WebSub hubs: `/websub/TOKEN`, one for each subscription.
//!
//! In: a hub's question whether we meant it (GET), and what it pushes (POST). Out: answers at
//! once; a push that is signed goes on to the poll loop. Never here: what a push means.
//!
//! W3C WebSub, sections 5.3 (verification of intent) and 7 (content distribution).

use axum::{
    body::Bytes,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
};
use chrono::{TimeDelta, Utc};
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::{answer::plain, problem::Problem, query::Query, state::Server};
use crate::{
    model::{FeedId, Push, Subscription},
    store::Store,
    websub,
};

/// Where pushes go.
#[derive(Debug)]
pub struct Ear {
    pub pushes: mpsc::Sender<Push>,
    pub limit_bytes: usize,
}

/// `None`: the answer is that there is nothing here.
type Answered = Result<Option<Response>, Problem>;

/// The hub asks whether we meant what we asked for, or says that it does not want to.
pub async fn verify(server: &Server, method: &Method, uri: &Uri) -> Answered {
    let Some(subscription) = subscription(server, uri.path()).await? else { return Ok(None) };
    // A HEAD has no body to repeat the challenge in.
    if method != Method::GET {
        return Ok(None);
    }
    let query = Query::new(uri.query());
    let about = query.value("hub.topic").and_then(|topic| topic.parse().ok());
    if about != Some(subscription.topic.clone()) {
        return Ok(None);
    }
    let (hub, topic) = (&subscription.hub, &subscription.topic);
    let (now, token) = (Utc::now(), subscription.token.clone());
    match (query.value("hub.mode"), query.value("hub.challenge")) {
        (Some("subscribe"), Some(challenge)) => {
            let lease = websub::lease(query.value("hub.lease_seconds"));
            let span = |span| TimeDelta::from_std(span).unwrap_or_default();
            let (until, again) = (now + span(lease), now + span(websub::renewal(lease)));
            let store = server.store();
            if !store.subscription_confirmed(token, until, again).await? {
                return Ok(None);
            }
            info!("{hub} pushes {topic} for {} s", lease.as_secs());
            Ok(Some(plain(StatusCode::OK, challenge.to_owned())))
        }
        (Some("denied"), _) => {
            let reason = query.value("hub.reason").unwrap_or("no reason given");
            let reason: String =
                reason.chars().filter(|c| !c.is_control()).take(REASON_CHARS).collect();
            warn!("{hub} does not push {topic}: {reason}");
            let again = now + AFTER_DENIAL;
            let reason = format!("denied: {reason}");
            server.store().subscription_denied(token, reason, now, again).await?;
            Ok(Some(plain(StatusCode::OK, String::new())))
        }
        _ => Ok(None),
    }
}

/// The hub pushes. Whoever has the address but not the secret learns nothing from the answer.
pub async fn receive(server: &Server, request: Request) -> Answered {
    let path = request.uri().path().to_owned();
    let Some(subscription) = subscription(server, &path).await? else { return Ok(None) };
    let Some(ear) = server.ear() else { return Ok(None) };
    let taken = || Ok(Some(plain(StatusCode::ACCEPTED, String::new())));
    if !subscription.is_live(Utc::now()) {
        debug!("a push for {} came without a live subscription", subscription.topic);
        return taken();
    }
    // Before the body is read: what there is no room for is not read.
    let Ok(room) = ear.pushes.clone().try_reserve_owned() else {
        return Ok(Some(plain(StatusCode::SERVICE_UNAVAILABLE, String::new())));
    };
    let signature = text(request.headers(), "x-hub-signature");
    let content_type = text(request.headers(), header::CONTENT_TYPE.as_str());
    let body: Bytes = match axum::body::to_bytes(request.into_body(), ear.limit_bytes).await {
        Ok(body) => body,
        Err(_) => return Ok(Some(plain(StatusCode::PAYLOAD_TOO_LARGE, String::new()))),
    };
    let (secret, signed) = (subscription.secret.clone(), body.clone());
    let is_signed = move || websub::is_signed(signature.as_deref(), &secret, &signed);
    if server.render(is_signed).await? {
        hand_on(server.store().clone(), room, subscription.feed, body, content_type).await?;
    } else {
        warn!("a push for {} is not signed as agreed: dropped", subscription.topic);
    }
    taken()
}

/// Notes the push in the store and hands it on.
///
/// The note is on the disk before the answer: a hub that was told 202 does not bring it again.
/// In a task of its own, since a hub that does not wait for a slow store takes this request's
/// future with it, and the push is here already.
async fn hand_on(
    store: Store,
    room: mpsc::OwnedPermit<Push>,
    feed: FeedId,
    body: Bytes,
    content_type: Option<String>,
) -> Result<(), Problem> {
    let noted = tokio::spawn(async move {
        let id = store.note_push(feed, Utc::now()).await?;
        room.send(Push { id, feed, body, content_type });
        Ok(())
    });
    noted.await.unwrap_or(Err(Problem::Broken))
}

async fn subscription(server: &Server, path: &str) -> Result<Option<Subscription>, Problem> {
    let token = path.rsplit('/').next().unwrap_or_default();
    if server.ear().is_none() || token.is_empty() || token.len() > TOKEN_CHARS {
        return Ok(None);
    }
    Ok(server.store().subscription_of_token(token.to_owned()).await?)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Longer than any token of ours.
const TOKEN_CHARS: usize = 64;

/// What a person reads of a hub's reason.
const REASON_CHARS: usize = 200;

/// A hub that said no is asked again once a day.
const AFTER_DENIAL: TimeDelta = TimeDelta::days(1);
