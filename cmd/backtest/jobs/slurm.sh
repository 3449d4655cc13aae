#!/bin/bash
#SBATCH --job-name={{.Name}}
#SBATCH --requeue
#SBATCH --open-mode=append
#
# Start with: bash FILE   (in the folder that relative names start from)
# It submits {{.Tasks}} tasks and a last job that submits again what was lost and merges.
# A task that fails is requeued, at most five times; one whose job script was killed
# is submitted again by the last job. Finished chunks are never run twice.
set -u
tasks={{.Tasks}}
program={{sh .Program}}
arguments=({{.Args}})
out={{sh .Out}}

task() {
	"$program" sweep "${arguments[@]}" --tasks="$tasks" && exit 0
	local code=$?
	[ "${SLURM_RESTART_COUNT:-0}" -lt 5 ] || exit $code
	scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
}

# submit TASKS ROUND sends an array and the job that follows it.
submit() {
	local id
	id=$(sbatch --parsable --array="$1" --output="$out/log/%A_%a.log" --export=ALL,SWEEP_JOB="$SWEEP_JOB" "$SWEEP_JOB") || exit 1
	sbatch --parsable --dependency=afterany:"$id" --output="$out/log/last_%j.log" \
		--export=ALL,SWEEP_JOB="$SWEEP_JOB",SWEEP_ROUND="$2" "$SWEEP_JOB" || exit 1
}

last() {
	local lost
	lost=$("$program" sweep status "${arguments[@]}" --tasks="$tasks" --missing-tasks)
	case $? in
	0) exec "$program" sweep merge "${arguments[@]}" ;;
	3) [ "$SWEEP_ROUND" -lt 5 ] || { echo "tasks $lost failed five times"; exit 1; } ;;
	*) exit 1 ;;
	esac
	echo "submitting tasks $lost again"
	submit "$lost" $((SWEEP_ROUND + 1))
}

if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
	task
elif [ -n "${SWEEP_ROUND:-}" ]; then
	last
else
	mkdir -p "$out/log"
	SWEEP_JOB=$(realpath "$0")
	submit "0-{{.Last}}" 0
fi
