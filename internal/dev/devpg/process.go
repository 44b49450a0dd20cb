package devpg

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a running postmaster. It ends with the thread that started it, and thus with this process.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has exited
}

// startProcess starts cmd on a thread that lives as long as cmd: the kernel sends the parent-death signal when the
// thread that started it ends, not when the process ends.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		// The reason is in the server's log; callers only need to know that it has exited.
		_ = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop requests a fast shutdown, and an immediate one when ctx ends before it is done.
func (p *process) stop(ctx context.Context) error {
	if err := p.signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return p.abort(context.WithoutCancel(ctx))
	}
}

// abort requests an immediate shutdown, and kills the process when ctx ends before it is done.
func (p *process) abort(ctx context.Context) error {
	if err := p.signal(syscall.SIGQUIT); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), p.signal(syscall.SIGKILL))
	}
}

func (p *process) signal(s syscall.Signal) error {
	err := syscall.Kill(p.pid(), s)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
