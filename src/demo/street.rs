//! The street: every stand-in behind a door of its own on loopback, as the services are hosts of
//! their own.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::demo::TOKEN;
use crate::demo::household::Household;
use crate::demo::stand_in::animetosho::AnimeTosho;
use crate::demo::stand_in::cdn::{Cdn, Terms};
use crate::demo::stand_in::cinemeta::Cinemeta;
use crate::demo::stand_in::comet::Comet;
use crate::demo::stand_in::kitsu::Kitsu;
use crate::demo::stand_in::mediafusion::MediaFusion;
use crate::demo::stand_in::mirror::Mirror;
use crate::demo::stand_in::nyaa::Nyaa;
use crate::demo::stand_in::opensubtitles::OpenSubtitles;
use crate::demo::stand_in::peerflix::Peerflix;
use crate::demo::stand_in::stremthru::StremThru;
use crate::demo::stand_in::torrentio::Torrentio;
use crate::demo::stand_in::torrentsdb::TorrentsDb;
use crate::demo::stand_in::tracker::{self, Tracker};
use crate::demo::stand_in::zilean::Zilean;
use crate::demo::stand_in::{lists, tmdb};
use crate::http::plain::{Ask, Reply, Responder, serve_plain};
use crate::http::server::{self, Listener};

/// Answers of the debrid store until a torrent on its way has arrived.
const PATIENCE: u32 = 3;

/// `http://ADDRESS`, without a slash at the end.
pub(super) fn base(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Open ports that nobody stands behind yet.
pub(super) struct Doors {
    stremthru: Listener,
    cdn: Listener,
    torrentio: Listener,
    comet: Listener,
    torrentsdb: Listener,
    peerflix: Listener,
    mediafusion: Listener,
    zilean: Listener,
    animetosho: Listener,
    nyaa: Listener,
    cinemeta: Listener,
    kitsu: Listener,
    lists: Listener,
    tmdb: Listener,
    opensubtitles: Listener,
    mirror: Listener,
    tracker: Listener,
}

/// The stand-ins at work.
pub(super) struct Street {
    pub(super) stremthru: SocketAddr,
    pub(super) torrentio: SocketAddr,
    pub(super) comet: SocketAddr,
    pub(super) torrentsdb: SocketAddr,
    pub(super) peerflix: SocketAddr,
    pub(super) mediafusion: SocketAddr,
    pub(super) zilean: SocketAddr,
    pub(super) animetosho: SocketAddr,
    pub(super) nyaa: SocketAddr,
    pub(super) cinemeta: SocketAddr,
    pub(super) kitsu: SocketAddr,
    pub(super) lists: SocketAddr,
    pub(super) tmdb: SocketAddr,
    pub(super) opensubtitles: SocketAddr,
    pub(super) mirror: SocketAddr,
    pub(super) cdn: Arc<Cdn>,
    cdn_address: SocketAddr,
    tracker: SocketAddr,
    seeder: SocketAddrV4,
}

impl Doors {
    pub(super) async fn open() -> Result<Self, server::Error> {
        let any = || server::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        Ok(Self {
            stremthru: any().await?,
            cdn: any().await?,
            torrentio: any().await?,
            comet: any().await?,
            torrentsdb: any().await?,
            peerflix: any().await?,
            mediafusion: any().await?,
            zilean: any().await?,
            animetosho: any().await?,
            nyaa: any().await?,
            cinemeta: any().await?,
            kitsu: any().await?,
            lists: any().await?,
            tmdb: any().await?,
            opensubtitles: any().await?,
            mirror: any().await?,
            tracker: any().await?,
        })
    }

    pub(super) fn announce_url(&self) -> String {
        tracker::announce_url(&base(self.tracker.address()))
    }

    /// Puts a stand-in behind every door. The tracker sends everybody to `seeder`.
    pub(super) fn serve(
        self,
        household: &Arc<Household>,
        seeder: SocketAddrV4,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Street {
        let posters = base(self.cinemeta.address());
        let cdn = Arc::new(Cdn::new(&base(self.cdn.address()), Terms::default()));
        let trackers = vec![self.announce_url()];
        let stremthru = StremThru::new(household.clone(), cdn.clone(), TOKEN, PATIENCE);
        let torrentio = Torrentio::new(household.clone(), trackers.clone());
        let comet = Comet::new(household.clone(), trackers.clone());
        let torrentsdb = TorrentsDb::new(household.clone(), trackers.clone());
        let peerflix = Peerflix::new(household.clone(), trackers.clone());
        let mediafusion = MediaFusion::new(household.clone(), trackers.clone());
        let zilean = Zilean::new(household.clone());
        let animetosho = AnimeTosho::new(household.clone(), trackers);
        let nyaa = Nyaa::new(household.clone());
        let cinemeta = Cinemeta::new(&posters);
        let kitsu = Kitsu::new(&posters);
        let subtitles = OpenSubtitles::new(household.clone(), &base(self.opensubtitles.address()));
        let mirror = Mirror::new(household.clone(), &base(self.mirror.address()));
        let tracker = Tracker::new(household.clone(), seeder);
        let files = cdn.clone();
        let open = |listener: Listener, responder: Responder| {
            let address = listener.address();
            tasks.spawn(serve_plain(listener, responder, tasks.clone(), shutdown.clone()));
            address
        };
        Street {
            stremthru: open(self.stremthru, behind(move |ask| stremthru.answer(ask))),
            torrentio: open(self.torrentio, behind(move |ask| torrentio.answer(ask))),
            comet: open(self.comet, behind(move |ask| comet.answer(ask))),
            torrentsdb: open(self.torrentsdb, behind(move |ask| torrentsdb.answer(ask))),
            peerflix: open(self.peerflix, behind(move |ask| peerflix.answer(ask))),
            mediafusion: open(self.mediafusion, behind(move |ask| mediafusion.answer(ask))),
            zilean: open(self.zilean, behind(move |ask| zilean.answer(ask))),
            animetosho: open(self.animetosho, behind(move |ask| animetosho.answer(ask))),
            nyaa: open(self.nyaa, behind(move |ask| nyaa.answer(ask))),
            cinemeta: open(self.cinemeta, behind(move |ask| cinemeta.answer(ask))),
            kitsu: open(self.kitsu, behind(move |ask| kitsu.answer(ask))),
            lists: open(self.lists, behind(lists::answer)),
            tmdb: open(self.tmdb, behind(tmdb::answer)),
            opensubtitles: open(self.opensubtitles, behind(move |ask| subtitles.answer(ask))),
            mirror: open(self.mirror, behind(move |ask| mirror.answer(ask))),
            tracker: open(self.tracker, behind(move |ask| tracker.answer(ask))),
            cdn_address: open(self.cdn, behind(move |ask| files.answer(ask))),
            cdn,
            seeder,
        }
    }
}

fn behind(answer: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Responder {
    Arc::new(move |ask| answer(&ask))
}

impl Street {
    /// Every address that the server has to be let through to.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        vec![
            self.stremthru,
            self.cdn_address,
            self.torrentio,
            self.comet,
            self.torrentsdb,
            self.peerflix,
            self.mediafusion,
            self.zilean,
            self.animetosho,
            self.nyaa,
            self.cinemeta,
            self.kitsu,
            self.lists,
            self.tmdb,
            self.opensubtitles,
            self.mirror,
            self.tracker,
            self.seeder.into(),
        ]
    }
}
