//! A disk that is full, or may not be written, under a run that has begun.
//!
//! The state is put on a small file system of its own, which needs the right to mount one.

use std::path::{Path, PathBuf};
use std::process::Command;

use infra_sandbox::gate::{FaultKind, FaultRule, HoldAt};

use crate::figures;
use crate::kills::LIFE;
use crate::ledger::Tally;
use crate::trace::{self, Event};
use crate::world::{Ended, World};

/// A file system in memory; it goes when this is dropped.
struct Disk {
    at: PathBuf,
}

impl Disk {
    /// Mounts one of that size; none where that is not allowed.
    fn mount(at: &Path, kilobytes: u64) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={kilobytes}k,mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Self { at: at.to_owned() })
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.at)
            .status()
            .unwrap();
        assert!(status.success(), "remount,{options}");
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        use std::io::Write;
        let mut ballast = std::fs::File::create(self.at.join("ballast")).unwrap();
        let mut size = 64 * 1024;
        while size > 0 {
            if ballast.write_all(&vec![0; size]).is_err() {
                size /= 2;
            }
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.at.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

/// Where the disk fills up: calls of several services.
const CALLS: [(&str, &str); 6] = [
    ("kms", "CreateAlias"),
    ("iam", "PutRolePolicy"),
    ("ec2", "CreateVpc"),
    ("ec2", "AssociateRouteTable"),
    ("logs", "CreateLogGroup"),
    ("s3", "CreateBucket"),
];

/// When the disk is full.
enum Blow {
    /// While this call of this service is made.
    Within(&'static (&'static str, &'static str)),
    /// From the start on, but for so many kilobytes.
    At(u64),
}

/// How many changes a run makes after it could not write its state for the first time; none where it
/// could always.
fn changes_after_failure(events: &[Event]) -> Option<usize> {
    let failed = events.iter().position(|event| matches!(event, Event::Failed(_)))?;
    let later = events[failed..].iter().filter(|event| matches!(event, Event::Request(_)));
    Some(later.count())
}

/// What a run that could not write its state must and must not have done. The store may measure for
/// itself that there is no room left, and then no write ever fails.
fn judge(tally: &mut Tally, what: &str, ended: &Ended, events: &[Event]) {
    let later = changes_after_failure(events);
    match later {
        None if ended.code == Some(0) => {}
        None | Some(0) if matches!(ended.code, Some(1 | 3)) => {
            tally.blows += 1;
            if !ended.stderr.contains("No space left on device") {
                tally.stick(format!("{what}: it does not say why:\n{}", ended.stderr));
            }
        }
        _ => tally.stick(format!(
            "{what}: it ended with {:?}, and changed {later:?} after its first failed write:\n{}",
            ended.code, ended.stderr
        )),
    }
}

/// There is room again: the same run ends well, and so does the next step. The three lists are compared
/// after that, because an export is written by a run that changes something.
async fn recover(world: &mut World, what: &str) -> Tally {
    world.faults(&[]).await;
    let mut tally = Tally::default();
    let again = world.infra(&LIFE[0].words()).await;
    if again.code != Some(0) {
        let stderr = again.stderr;
        tally.stick(format!("{what}: running it once more ended with {:?}:\n{stderr}", again.code));
    }
    tally.add(LIFE[1].recover(world, what).await);
    tally
}

/// The disk fills up while a call is being made. One operation at a time: after the first write that
/// fails, nothing may be begun. When there is room again, the next run finds what there is.
async fn full_within(world: &mut World, disk: &Disk, service: &str, operation: &str) -> Tally {
    world
        .faults(&[FaultRule {
            service: Some(service.to_owned()),
            operation: Some(operation.to_owned()),
            mutating: true,
            nth: vec![1],
            probability: None,
            seed: 0,
            times: None,
            kind: FaultKind::Hold { at: HoldAt::Served },
        }])
        .await;
    let step = LIFE[0];
    let running = trace::start(world, &[&step.words()[..], &["--parallelism", "1"]].concat());
    world.held().await;
    disk.fill();
    world.control.release_held().await.unwrap();
    let ended = running.ended().await;
    let mut tally = Tally::default();
    judge(&mut tally, operation, &ended, &trace::traced(world));
    disk.free();
    tally.add(recover(world, &format!("by a full disk at {operation}")).await);
    tally
}

/// The disk has so much room and no more: a run does what it can, and the next one the rest.
async fn full_at(world: &mut World, disk: &Disk, kilobytes: u64) -> Tally {
    let step = LIFE[0];
    disk.remount(&format!("size={kilobytes}k"));
    let words = [&step.words()[..], &["--parallelism", "1"]].concat();
    let (ended, events) = trace::run(world, &words).await;
    let mut tally = Tally::default();
    judge(&mut tally, &format!("{kilobytes} KiB"), &ended, &events);
    disk.remount("size=65536k");
    tally.add(recover(world, &format!("by a disk of {kilobytes} KiB")).await);
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_a_run_and_loses_nothing() {
    if !trace::can_trace() {
        return;
    }
    let mut world = World::new().await;
    let mut tally = Tally::default();
    let calls = figures::amount(2, CALLS.len());
    let steps: Vec<u64> = (1..).map(|step| step * 4).take_while(|size| *size <= 2048).collect();
    let sizes = figures::amount(3, steps.len());
    let sizes: Vec<u64> =
        (0..sizes).map(|index| steps[(2 * index + 1) * steps.len() / (2 * sizes)]).collect();
    let blows = CALLS.iter().take(calls).map(Blow::Within);
    for blow in blows.chain(sizes.into_iter().map(Blow::At)) {
        world.reset().await;
        let Some(disk) = Disk::mount(&world.folder().join(".infra"), 65536) else {
            figures::progress(&"skipped: no file system may be mounted here");
            return;
        };
        let one = match blow {
            Blow::At(size) => full_at(&mut world, &disk, size).await,
            Blow::Within((service, operation)) => {
                full_within(&mut world, &disk, service, operation).await
            }
        };
        drop(disk);
        tally.add(one);
    }
    world.stop().await;
    figures::record(
        "12: disks that were full within a run, or had no more than 4 to 2048 KiB",
        &tally,
    );
    tally.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_may_not_be_written_is_told_before_anything_is_done() {
    let mut world = World::new().await;
    let Some(disk) = Disk::mount(&world.folder().join(".infra"), 65536) else {
        figures::progress(&"skipped: no file system may be mounted here");
        return;
    };
    let mut tally = Tally::default();
    let step = LIFE[0];
    // Before there is a state, and when there is one.
    for words in [step.words(), LIFE[1].words(), LIFE[3].words()] {
        disk.remount("ro");
        world.control.clear_log().await.unwrap();
        let ended = world.infra(&words).await;
        tally.blows += 1;
        let changes = world.changes().await;
        if ended.code != Some(1) || changes != 0 {
            tally.stick(format!("{:?} and {changes} changes:\n{}", ended.code, ended.stderr));
        }
        disk.remount("rw");
        let recovered = world.infra(&step.words()).await;
        assert_eq!(recovered.code, Some(0), "{}", recovered.stderr);
    }
    tally.add(step.check(&mut world).await);
    drop(disk);
    world.stop().await;
    figures::record("13: runs on a disk that may not be written", &tally);
    tally.assert_clean();
}
