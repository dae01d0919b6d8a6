//! How a walk and the speaker's second terminal (`wirewalk notes`) find each other and talk: over a port of this machine, which a file in
//! wirewalk's folder names, with a token that only this user can read. Lines of JSON go both ways: how the walk stands, and what it is to do.

use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::state;
use crate::calls::tracers::new_token;
use crate::walkthrough::telling::{Lead, Telling};

/// A longer line is none of ours.
const MAX_LINE: u64 = 1 << 20;

/// Where a walk is found.
#[derive(Debug, Serialize, Deserialize)]
struct Address {
    port: u16,
    token: String,
}

/// A walk that can be followed. When it is dropped it cannot be found any more.
pub(super) struct Podium {
    standing: watch::Sender<Telling>,
    file: PathBuf,
    token: String,
}

impl Drop for Podium {
    fn drop(&mut self) {
        // Another walk may have taken the place meanwhile.
        let is_ours = read(&self.file).is_ok_and(|address| address.token == self.token);
        if is_ours {
            let _ = fs::remove_file(&self.file);
        }
    }
}

impl Podium {
    /// Lets a walk be followed, and hands on what it is told.
    pub async fn open(leads: mpsc::UnboundedSender<Lead>) -> anyhow::Result<Podium> {
        let file = file()?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen for wirewalk notes")?;
        let token = new_token()?;
        let address = Address { port: listener.local_addr()?.port(), token: token.clone() };
        write(&file, &address).with_context(|| format!("cannot write {}", file.display()))?;
        let (standing, stands) = watch::channel(Telling::default());
        let expected = token.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, expected.clone(), stands.clone(), leads.clone()));
            }
        });
        Ok(Podium { standing, file, token })
    }

    /// Tells whoever follows how the walk stands.
    pub fn tell(&self, telling: &Telling) {
        self.standing.send_replace(telling.clone());
    }
}

/// Tells one follower how the walk stands, and takes what it wants, until either is gone.
async fn serve(
    stream: TcpStream,
    token: String,
    mut stands: watch::Receiver<Telling>,
    leads: mpsc::UnboundedSender<Lead>,
) -> io::Result<()> {
    let (input, mut output) = stream.into_split();
    let mut lines = BufReader::new(input.take(MAX_LINE)).lines();
    if lines.next_line().await?.as_deref() != Some(&token) {
        return Ok(());
    }
    stands.mark_changed();
    loop {
        tokio::select! {
            changed = stands.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                let mut line = serde_json::to_vec(&*stands.borrow_and_update())?;
                line.push(b'\n');
                output.write_all(&line).await?;
            }
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                if let Ok(lead) = serde_json::from_str(&line) {
                    // The walk may have ended meanwhile.
                    let _ = leads.send(lead);
                }
            }
        }
    }
}

/// Joins the walk that is going on: how it stands, and where to tell it what to do. The first ends when the walk does.
pub(super) async fn join() -> anyhow::Result<(mpsc::Receiver<Telling>, mpsc::Sender<Lead>)> {
    let nobody = || anyhow!("no walk is going on; begin one in another terminal with: wirewalk walk");
    let address = read(&file()?).map_err(|_| nobody())?;
    let stream = TcpStream::connect(("127.0.0.1", address.port)).await.map_err(|_| nobody())?;
    let (input, mut output) = stream.into_split();
    output.write_all(format!("{}\n", address.token).as_bytes()).await.context("the walk has ended")?;
    let (tell, told) = mpsc::channel(16);
    let (lead, mut led) = mpsc::channel::<Lead>(16);
    tokio::spawn(async move {
        let mut lines = BufReader::new(input).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let Ok(telling) = serde_json::from_str(&line) else { break };
            if tell.send(telling).await.is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        while let Some(lead) = led.recv().await {
            let Ok(mut line) = serde_json::to_vec(&lead) else { break };
            line.push(b'\n');
            if output.write_all(&line).await.is_err() {
                break;
            }
        }
    });
    Ok((told, lead))
}

fn file() -> anyhow::Result<PathBuf> {
    let folder = state::folder().context("there is no folder to keep wirewalk's state in")?;
    Ok(folder.join("walking.json"))
}

fn read(file: &PathBuf) -> anyhow::Result<Address> {
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}

/// Writes the file anew, for this user alone, as temporary files are made.
fn write(file: &std::path::Path, address: &Address) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    let new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&new, address)?;
    new.persist(file)?;
    Ok(())
}
