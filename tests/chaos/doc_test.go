// Package chaos_test breaks what the service depends on while people use it. Two replicas of the built binary serve
// behind nginx on a real PostgreSQL with a standby, Redis and S3; Stripe, mail and models are stand-ins. Between the
// service and each peer is a gate, a proxy that can refuse, hang, delay and babble.
//
//	faults_test.go      what is broken, as a table: how, and what it may weaken
//	load_test.go        who uses the service meanwhile
//	writers_test.go     users whose acknowledged writes are remembered and looked for afterwards; also members_test.go
//	invariants_test.go  what has to hold inside: quotas, objects, budgets, nothing kept
//	drain_test.go       a rolling restart under load
//	leaks_test.go       ten minutes of failures, for leaks; trend_test.go says what a trend is
//
// It takes minutes and needs root for disks that are full, so it has the build tag soak. `make chaos` runs it.
package chaos_test
