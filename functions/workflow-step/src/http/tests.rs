use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use tdev_domain::InvocationId;

use super::*;

/// Answers each connection with the next of `answers`, and tells what was asked.
fn server(answers: Vec<String>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, requests) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            heard.send(read(&stream)).unwrap();
            (&stream).write_all(answer.as_bytes()).unwrap();
        }
    });
    (port, requests)
}

fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

fn response(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn settings(hosts: &[&str]) -> Settings {
    let http_hosts: BTreeSet<_> = hosts.iter().map(|host| host.parse().unwrap()).collect();
    Settings { http_hosts }
}

fn key() -> EffectKey {
    EffectKey {
        invocation: "inv_00000000000000000000000000000001"
            .parse::<InvocationId>()
            .unwrap(),
        number: 3,
    }
}

fn get(url: &str, hosts: &[&str], private: PrivateAddresses) -> Result<Value, EffectError> {
    let request = parse(Method::GET, &json!({"url": url, "headers": null}))?;
    Http::new(private).send(&request, &settings(hosts), &key())
}

fn kind(result: Result<Value, EffectError>) -> EffectErrorKind {
    result.unwrap_err().kind
}

#[test]
fn a_request_is_sent_with_its_key_and_answered() {
    let (port, requests) = server(vec![response("201 Created\r\nx-y: z", "héllo")]);
    let host = format!("127.0.0.1:{port}");
    let args = json!({
        "url": format!("http://{host}/path?q=1"),
        "headers": {"X-Trace": "7"},
        "body": {"a": [1, 2.5]},
    });
    let request = parse(Method::POST, &args).unwrap();
    let answer = Http::new(PrivateAddresses::Allowed)
        .send(&request, &settings(&[&host]), &key())
        .unwrap();
    assert_eq!(answer["status"], 201);
    assert_eq!(answer["headers"]["x-y"], "z");
    assert_eq!(answer["body"], "héllo");
    let asked = requests.recv().unwrap();
    assert!(asked.starts_with("POST /path?q=1 HTTP/1.1\r\n"), "{asked}");
    for line in [
        "idempotency-key: inv_00000000000000000000000000000001/3\r\n",
        "x-trace: 7\r\n",
        "content-type: application/json\r\n",
    ] {
        assert!(asked.contains(line), "{line} {asked}");
    }
    assert!(asked.ends_with("\r\n\r\n{\"a\":[1,2.5]}"), "{asked}");
}

#[test]
fn only_the_hosts_that_are_named_are_reached() {
    for hosts in [&[][..], &["example.org"], &["127.0.0.1"], &["127.0.0.1:1"]] {
        let result = get("http://127.0.0.1:9/", hosts, PrivateAddresses::Allowed);
        assert_eq!(kind(result), EffectErrorKind::NotAllowed, "{hosts:?}");
    }
}

#[test]
fn private_addresses_are_refused_whatever_name_they_have() {
    for url in ["http://127.0.0.1:9/", "http://localhost:9/"] {
        let hosts = ["127.0.0.1:9", "localhost:9"];
        let result = get(url, &hosts, PrivateAddresses::Refused);
        assert_eq!(kind(result), EffectErrorKind::NotAllowed, "{url}");
    }
}

#[test]
fn a_redirect_is_followed_only_where_a_request_might_go() {
    let (last, _requests) = server(vec![response("200 OK", "here")]);
    let location = format!("302 Found\r\nlocation: http://127.0.0.1:{last}/there");
    let (first, _requests) = server(vec![response(&location, ""), response(&location, "")]);
    let url = format!("http://127.0.0.1:{first}/");
    let (first, last) = (format!("127.0.0.1:{first}"), format!("127.0.0.1:{last}"));
    let result = get(&url, &[&first], PrivateAddresses::Allowed);
    assert_eq!(kind(result), EffectErrorKind::NotAllowed);
    let result = get(&url, &[&first, &last], PrivateAddresses::Allowed);
    assert_eq!(result.unwrap()["body"], "here");
}

#[test]
fn redirects_come_to_an_end() {
    let loops = response("301 Moved Permanently\r\nlocation: /again", "");
    let (port, _requests) = server(vec![loops; MAX_REDIRECTS + 1]);
    let host = format!("127.0.0.1:{port}");
    let result = get(
        &format!("http://{host}/"),
        &[&host],
        PrivateAddresses::Allowed,
    );
    assert_eq!(kind(result), EffectErrorKind::Failed);
}

#[test]
fn a_response_that_is_too_large_is_refused() {
    let body = "x".repeat(usize::try_from(MAX_RESPONSE_BYTES).unwrap() + 1);
    let (port, _requests) = server(vec![response("200 OK", &body)]);
    let host = format!("127.0.0.1:{port}");
    let result = get(
        &format!("http://{host}/"),
        &[&host],
        PrivateAddresses::Allowed,
    );
    assert_eq!(kind(result), EffectErrorKind::Failed);
}

#[test]
fn a_post_that_may_have_arrived_is_of_unknown_outcome() {
    // Cut off in the middle of the answer.
    let (port, _requests) = server(vec!["HTTP/1.1 200".to_owned()]);
    let host = format!("127.0.0.1:{port}");
    let args = json!({"url": format!("http://{host}/"), "headers": null, "body": "x"});
    let http = Http::new(PrivateAddresses::Allowed);
    let request = parse(Method::POST, &args).unwrap();
    let result = http.send(&request, &settings(&[&host]), &key());
    assert_eq!(kind(result), EffectErrorKind::OutcomeUnknown);
    // Nobody listens any more.
    let result = http.send(&request, &settings(&[&host]), &key());
    assert_eq!(kind(result), EffectErrorKind::Failed);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    for args in [
        json!({}),
        json!({"url": 7}),
        json!({"url": "ftp://a.example/"}),
        json!({"url": "/path"}),
        json!({"url": "http://user:secret@a.example/"}),
        json!({"url": "http://a.example/", "headers": ["x"]}),
        json!({"url": "http://a.example/", "headers": {"x": 1}}),
        json!({"url": "http://a.example/", "headers": {"Host": "b.example"}}),
        json!({"url": "http://a.example/", "headers": {"x": "a\r\nb"}}),
        json!({"url": "http://a.example/", "body": "x".repeat(MAX_REQUEST_BYTES + 1)}),
    ] {
        let error = parse(Method::POST, &args).unwrap_err();
        assert_eq!(error.kind, EffectErrorKind::InvalidArguments, "{args}");
    }
}

#[test]
fn public_addresses_are_told_from_all_others() {
    for public in [
        "1.1.1.1",
        "93.184.216.34",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
    ] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
    for other in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "2002:a00:1::",
        "3fff::1",
    ] {
        assert!(!is_public(other.parse().unwrap()), "{other}");
    }
}
