// Package panel is what people see of a live session and how they reach into it:
// a board that watches the run, alarms and the channels they leave by, a watchdog's
// sign of life, and the dashboard on 127.0.0.1 with its figures for Prometheus.
//
// It only looks. What a person asks for goes into the run as an event, by the way
// that the owner of the run gives it (Ask).
package panel
