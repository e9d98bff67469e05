//! A client for who drives a measurement; nothing that is measured goes through it.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use reqwest::{Client, Method, Response, header::HeaderMap};
use tokio::runtime::Runtime;

#[derive(Debug)]
pub struct Http {
    runtime: Runtime,
    client: Client,
}

#[derive(Debug)]
pub struct Answer {
    pub headers: HeaderMap,
    pub body: Bytes,
    pub took: Duration,
}

impl Http {
    pub fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // What is served is wanted as it is sent. Minutes may lie between two questions, and a
        // server may end a connection just as the next one is sent.
        let client = Client::builder().no_proxy().no_gzip().pool_max_idle_per_host(0).build()?;
        Ok(Self { runtime, client })
    }

    /// An error where the status is one.
    pub fn ask(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let begun = Instant::now();
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (headers, body) = self.runtime.block_on(async {
            let answer = request.send().await.and_then(Response::error_for_status)?;
            let headers = answer.headers().clone();
            Ok::<_, reqwest::Error>((headers, answer.bytes().await?))
        })?;
        Ok(Answer { headers, body, took: begun.elapsed() })
    }

    pub fn get(&self, url: &str) -> Result<Answer> {
        self.ask(Method::GET, url, &[])
    }
}
