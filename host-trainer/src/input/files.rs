//! A network folder, or the same files in memory.

use super::forecast::PastDemand;
use super::include::Fetch;
use super::problem::{Place, Problem, Problems, Report};
use super::resolve::{Rows, network};
use super::spec::NetworkSpec;
use super::text::FILE_BYTES_MAX;
use super::{bom, history, lane_rows, open_orders, rows, settings};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The files of a folder that are read; the first four must be there.
const NAMES: [&str; 9] = [
    "network.toml",
    "nodes.csv",
    "lanes.csv",
    "products.csv",
    "stockpoints.csv",
    "demand.csv",
    "forecast.csv",
    "open_orders.csv",
    bom::FILE,
];
const REQUIRED: usize = 4;

/// Files by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<&'static str, Vec<u8>>);

/// A network that passed every check.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The network.
    pub spec: NetworkSpec,
    /// What is doubtful in the files.
    pub warnings: Vec<Problem>,
    /// The [training] section of `network.toml`, with the defaults of what it leaves out.
    pub training: crate::train::TrainingConfig,
    /// The folder's history of demand, if it has one.
    pub past: Option<PastDemand>,
}

/// Why a new folder could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The history that it should be made around is wrong.
    #[error("{0}")]
    Problems(#[from] Problems),
    /// A file of that name is there; nothing is overwritten.
    #[error("{} is there already: choose another folder, nothing was written", .0.display())]
    Exists(PathBuf),
    /// The file system refused.
    #[error("{} can't be written: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// Reads and checks a network folder.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(dir: &Path) -> Result<Loaded, Problems> {
    let mut report = Report::default();
    let files = Files::read(dir, &mut report);
    files.resolve(&|name| read_file(&dir.join(name)), report)
}

/// The same, for its warnings only.
///
/// # Errors
/// Everything that is wrong with the folder.
pub fn check(dir: &Path) -> Result<Vec<Problem>, Problems> {
    load(dir).map(|loaded| loaded.warnings)
}

/// The same from memory: files by name; names that a network does not have are left out.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load_files(files: &[(&str, &[u8])]) -> Result<Loaded, Problems> {
    let mut report = Report::default();
    let mut found = Files::default();
    for (i, name) in NAMES.into_iter().enumerate() {
        match files.iter().find(|(given, _)| *given == name) {
            Some((_, bytes)) => drop(found.0.insert(name, bytes.to_vec())),
            None if i >= REQUIRED => {}
            None => report.error(Place::whole(name), "is missing", format!("one of {}", NAMES[..REQUIRED].join(", "))),
        }
    }
    let fetch = |name: &str| match files.iter().find(|(given, _)| *given == name) {
        Some((_, bytes)) => Ok(bytes.to_vec()),
        None => Err(std::io::ErrorKind::NotFound.into()),
    };
    found.resolve(&fetch, report)
}

impl Files {
    fn read(dir: &Path, report: &mut Report) -> Self {
        let mut files = Self::default();
        for (i, name) in NAMES.into_iter().enumerate() {
            match read_file(&dir.join(name)) {
                Ok(bytes) => drop(files.0.insert(name, bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && i >= REQUIRED => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    report.error(
                        Place::whole(name),
                        format!("is missing in {}", dir.display()),
                        format!("a file there (a network has {})", NAMES[..REQUIRED].join(", ")),
                    );
                }
                Err(error) => report.error(Place::whole(name), format!("can't be read: {error}"), ""),
            }
        }
        files
    }

    /// The files as a network.
    pub(crate) fn load(&self) -> Result<Loaded, Problems> {
        self.resolve(&|_| Err(std::io::ErrorKind::NotFound.into()), Report::default())
    }

    fn resolve(&self, fetch: Fetch<'_>, mut report: Report) -> Result<Loaded, Problems> {
        let report_ref = &mut report;
        let file = |name: &str| self.0.get(name).map(Vec::as_slice);
        // A missing file was reported once; as an empty one it would be again.
        let (Some(toml), Some(nodes), Some(lanes), Some(products)) =
            (file(NAMES[0]), file(NAMES[1]), file(NAMES[2]), file(NAMES[3]))
        else {
            if let Some(bytes) = file(NAMES[0]) {
                settings::read(bytes, fetch, report_ref);
            }
            return Err(report.finish().err().unwrap_or(Problems { errors: Vec::new(), warnings: Vec::new() }));
        };
        let settings = settings::read(toml, fetch, report_ref);
        let nodes = rows::nodes(nodes, report_ref);
        let routes = lane_rows::routes(lanes, report_ref);
        let bom = file(bom::FILE).map_or(Vec::new(), |bytes| bom::read(bytes, report_ref));
        let products = bom::ordered(rows::products(products, report_ref), &bom, report_ref);
        let stockpoints = file(NAMES[4]).map_or(Vec::new(), |bytes| rows::stockpoints(bytes, report_ref));
        let history = file(NAMES[5]).map(|bytes| {
            let names: Vec<(&str, bool)> = nodes.iter().map(|n| (n.name.as_str(), n.sells)).collect();
            let sold: Vec<&str> = products.iter().map(|p| p.name.as_str()).collect();
            history::read(bytes, &names, &sold, settings.unit_scale, report_ref)
        });
        let forecasts = file(NAMES[6]).map_or(Vec::new(), |bytes| super::forecast::read(bytes, report_ref));
        let open_orders = file(NAMES[7]).map_or(Vec::new(), |bytes| open_orders::read(bytes, report_ref));
        let rows = Rows { settings, nodes, routes, products, stockpoints, bom, history, forecasts, open_orders };
        let spec = network(&rows, report_ref);
        if let Some(error) = spec.as_ref().and_then(|spec| spec.image().err()) {
            report.error(Place::whole(NAMES[0]), format!("the simulator refuses the network: {error}"), "");
        }
        let warnings = report.finish()?;
        match spec {
            Some(spec) => {
                let past = rows.history.as_ref().and_then(|history| PastDemand::of(&rows, history));
                Ok(Loaded { spec, warnings, training: rows.settings.training, past })
            }
            None => Err(Problems { errors: vec![], warnings }),
        }
    }

    /// Writes all files into a folder, which is made if need be; overwrites nothing.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), InitError> {
        for name in NAMES {
            if dir.join(name).exists() {
                return Err(InitError::Exists(dir.join(name)));
            }
        }
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |error| InitError::Io { path, error }
        };
        std::fs::create_dir_all(dir).map_err(io(dir))?;
        for (name, bytes) in &self.0 {
            let path = dir.join(name);
            std::fs::write(&path, bytes).map_err(io(&path))?;
        }
        Ok(())
    }
}

/// A file of at most [`FILE_BYTES_MAX`].
pub(crate) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "larger than 1 GiB"));
    }
    Ok(bytes)
}

/// A field of a CSV file, quoted where it has to be.
pub(crate) fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.starts_with('#') || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
