//! Which sizes tasks can have on Fargate.

/// CPU units with the memory in MiB that goes with them: least, most, and the step between. Source:
/// ECS developer guide, task definition parameters for Fargate, task size.
const SIZES: &[(i64, &[i64], i64, i64, i64)] = &[
    (256, &[512], 1024, 2048, 1024),
    (512, &[], 1024, 4096, 1024),
    (1024, &[], 2048, 8192, 1024),
    (2048, &[], 4096, 16_384, 1024),
    (4096, &[], 8192, 30_720, 1024),
    (8192, &[], 16_384, 61_440, 4096),
    (16_384, &[], 32_768, 122_880, 8192),
];

/// What is wrong with the CPU units of a task on Fargate, as a fragment.
pub(super) fn wrong_cpu(cpu: i64) -> Option<String> {
    if SIZES.iter().any(|size| size.0 == cpu) {
        return None;
    }
    let all = SIZES.iter().map(|size| size.0.to_string()).collect::<Vec<_>>().join(", ");
    Some(format!("must be one of {all} on Fargate, not {cpu}"))
}

/// What is wrong with the memory of a task on Fargate that has these CPU units, as a fragment.
pub(super) fn wrong_memory(cpu: i64, memory: i64) -> Option<String> {
    let (_, also, least, most, step) = SIZES.iter().find(|size| size.0 == cpu)?;
    let in_steps = (*least..=*most).contains(&memory) && (memory - least) % step == 0;
    if in_steps || also.contains(&memory) {
        return None;
    }
    let also: String = also.iter().map(|memory| format!("{memory} or ")).collect();
    Some(format!(
        "must be {also}from {least} to {most} in steps of {step} MiB with {cpu} CPU units on \
         Fargate, not {memory}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_in_pairs() {
        for (cpu, memory) in [
            (256, 512),
            (256, 2048),
            (512, 1024),
            (1024, 8192),
            (2048, 5120),
            (4096, 30_720),
            (8192, 20_480),
            (16_384, 122_880),
        ] {
            assert_eq!((wrong_cpu(cpu), wrong_memory(cpu, memory)), (None, None), "{cpu} {memory}");
        }
        for (cpu, memory) in [(256, 4096), (512, 512), (2048, 4608), (8192, 17_408), (1024, 1024)] {
            assert!(wrong_memory(cpu, memory).is_some(), "{cpu} {memory}");
        }
        assert!(wrong_cpu(300).is_some_and(|wrong| wrong.contains("256, 512, 1024")));
    }
}
