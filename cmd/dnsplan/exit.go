package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/netfault"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// The exit codes.
const (
	exitDone        = 0
	exitError       = 1
	exitDifferences = 2
	exitRefused     = 3
	exitPartly      = 4
	exitInterrupted = 130
	exitTerminated  = 143
	// bySignal and a signal's number are the code of what the signal has ended.
	bySignal = 128
)

// exitCodes is the part of every command's help that says what they mean.
const exitCodes = `Exit codes:
  0  done, or nothing to do
  1  error
  2  there are differences (plan --detailed-exitcode, drift, verify), or
     something is wrong (check, doctor, rehearse)
  3  refused by a guard; nothing was touched
  4  partly applied, or held: a person has to look
  130, 143  stopped by a signal; a run can be resumed, a window is closed`

// coded is an error with an exit code of its own. One without a cause says
// nothing: what it means has been printed already.
type coded struct {
	code int
	err  error
}

func (e *coded) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}
func (e *coded) Unwrap() error { return e.err }

// silent ends with a code and prints nothing more.
func silent(code int) error {
	if code == exitDone {
		return nil
	}
	return &coded{code: code}
}

// refused ends with exitRefused.
func refused(format string, args ...any) error {
	return &coded{exitRefused, fmt.Errorf(format, args...)}
}

// advice is what stands behind one kind of error: its exit code and what to do.
type advice struct {
	code int
	hint string
}

// advised is a line of the table: what to say of the errors that fit.
type advised struct {
	fits func(error) bool
	code int
	hint string
}

// adviceTable is the one table of errors, exit codes and hints; the first line
// that fits counts. {words} in a hint are a command of this program, {again words} the
// one that was given with more, and RUN the run that the error is about.
func adviceTable() []advised {
	return []advised{
		{as[*theirsError], exitRefused, "keep what is there and take back the rest: {again RUN --accept-live}; or put the value that is wanted into the inventory: {apply}"},
		{as[*overtakenError], exitPartly, "where the new address is right, turn the proxy on at the provider; where the name is to stay DNS-only, take what begins with dnsplan-window out of its comment there"},
		{as[*markedError], exitRefused, "wait until that window is closed; where its machine is gone, close it from here: {recover --scan-zone ZONE --now}"},
		{as[*standingError], exitPartly, "see how it stands: {show RUN}; once what went wrong is put right, take the rest back: {rollback RUN}"},
		{as[*execute.StaleError], exitRefused, "nothing was changed; make a new plan: {plan}"},
		{as[*config.UnfinishedError], exitRefused, "go on with that run: {resume RUN}; or take it back: {cancel RUN}; then make a new plan"},
		{as[*restTheirsError], exitRefused, "keep what is there and go on with the rest: {again RUN --accept-live}; or put the value that is wanted into the inventory: {apply}"},
		{as[*journal.HeldError], exitRefused, "wait for that run, or see it with: {show RUN}"},
		{is(journal.ErrBusy), exitRefused, "wait for that run, or see it with: {show RUN}"},
		{is(journal.ErrUsed), exitRefused, "a plan is applied once; see its run with: {show RUN}, or make a new plan: {plan}"},
		{is(plan.ErrDamaged), exitRefused, "a saved plan is applied only as it was written; make a new one: {plan -o FILE}"},
		{is(plan.ErrNewer), exitRefused, "update dnsplan, or make the plan anew with this one: {plan -o FILE}"},
		{is(backup.ErrDamaged), exitRefused, "nothing was changed; choose another copy: {backup --list}"},
		{is(backup.ErrVersion), exitRefused, "update dnsplan, or choose another copy: {backup --list}"},
		{as[*noBackupError], exitError, "see the copies that there are: {backup --list}"},
		{is(config.ErrNotOfInventory), exitError, "put the zone, view and provider that it is of into the inventory; or restore the addresses alone, out of a copy of the .zone file by itself"},
		{as[inventory.Errors], exitError, ""},
		{is(config.ErrNoInventory), exitError, "name one with -i, or start from inventory.example.toml"},
		{is(config.ErrNoSuchGroup), exitError, "a group is what records have as their group in the inventory"},
		{is(config.ErrNoSuchZone), exitError, "a ZONE is one that the inventory has, as example.org"},
		{is(config.ErrNoSuchName), exitError, "a NAME is a whole owner name, as www.example.org"},
		{is(acme.ErrNoSuchCheck), exitError, "see the checks that there are: {check --list}"},
		{is(acme.ErrNoneSelected), exitError, "see what is left by --only and --skip: {check --list}"},
		{is(config.ErrNothingToCheck), exitError, `say acme = "http-01" in the records whose names are validated so, or give a NAME`},
		{is(config.ErrNoChallenge), exitError, "give its host, or [check], a challenge in the inventory: webroot, command or listen"},
		{is(config.ErrNotHTTP01), exitError, "have it validated by dns-01, and rehearse that with the ACME client itself at a staging environment"},
		{is(rehearse.ErrBinding), exitError, "have the authority give you a key id and a MAC key (EAB), and set EAB_KID and EAB_HMAC_KEY, or say below [check] in the inventory where they are kept: eab_kid and eab_hmac_key; or name another authority: {rehearse NAME --ca letsencrypt-staging}"},
		{is(rehearse.ErrUnbound), exitError, "check EAB_KID and EAB_HMAC_KEY, or eab_kid and eab_hmac_key below [check], and that they are of this authority; some are good for one account alone: have new ones given then"},
		{is(rehearse.ErrMAC), exitError, "set EAB_HMAC_KEY, or what eab_hmac_key below [check] names, to the key as the authority has given it"},
		{is(config.ErrProduction), exitRefused, "name one for trials: {rehearse NAME --ca letsencrypt-staging}"},
		{as[*rehearse.TermsError], exitError, "read them, and if you agree: {again --agree-tos}"},
		{ofAuthority(as[*tls.CertificateVerificationError]), exitError, "name the file of the certificates that the authority is trusted by: --ca-roots FILE, or ca_roots below [check] in the inventory"},
		{ofAuthority(unreachable), exitError, "check the URL of the authority, --ca or ca below [check] in the inventory, and that it runs"},
		{is(journal.ErrNoRun), exitError, "see the runs there are with: {runs}"},
		{is(journal.ErrAmbiguous), exitError, "see the runs there are with: {runs}"},
		{is(engine.ErrEnded), exitError, "see it with: {show RUN}"},
		{as[*inventory.SecretError], exitError, "set the variable, or write the file, or name another place for the secret in the inventory: env:NAME, file:PATH or cred:NAME"},
		{is(cdn.ErrShrunk), exitRefused, "nothing was replaced; compare it with what the vendor publishes, and if that is right: {again --force}"},
		{outOfReach, exitError, "check that this machine reaches the vendor (its resolver, a firewall, a proxy); or fetch the list elsewhere, and take it from that file: {cdn update VENDOR --from VENDOR=FILE}"},
		{is(errFileThere), exitError, "name a file that is not there yet"},
		{is(errNoExport), exitError, "name a file that is not there yet, or an older export"},
		{as[*noPlanError], exitError, "apply takes the FILE of a saved plan; make one: {plan -o move.plan NAME}, and apply that: {apply move.plan}; without a FILE it plans all itself, and asks"},
		{is(errNoPlanFile), exitError, "name a file that is not there yet, or an older plan"},
		{webPage, exitError, "check the provider's URL in the inventory, and what stands between (a proxy, a login page); -v shows each request"},
		{is(providers.ErrCredentials), exitError, "check the provider's credentials, and what they may do: {doctor}"},
		{is(providers.ErrZoneNotFound), exitError, "check the zone's name and its provider in the inventory: {doctor}"},
		{is(providers.ErrNoListing), exitError, "allow the transfer of the zone, or name the RRsets"},
		{as[*providers.RateLimitError], exitError, "try again at that time; -v shows what is left of the provider's budget"},
		{serverError, exitError, "the trouble is at the provider's end: try again later; if it stays so, look at its status page or at the server's log"},
		{as[*transport.AnswerError], exitError, "check the provider's URL in the inventory, and what stands between; -v shows each request"},
		{is(http.ErrSchemeMismatch), exitError, "the server speaks HTTP there, and no HTTPS: check the provider's URL in the inventory"},
		{as[*tls.CertificateVerificationError], exitError, "check the provider's URL in the inventory; a CA of one's own is trusted with SSL_CERT_FILE"},
		{damagedLog, exitError, "see which line, and what is wrong with it: {log --verify}"},
		{as[*journal.DamageError], exitError, "see what can be read of it, and the values to set by hand: {show RUN}"},
		{as[*journal.TamperError], exitError, "do not rely on what stands from that line on: compare it with a copy of the file, and with the journal of each run: {runs}"},
		{runOnFullDisk, exitError, "make room on the disk of the state folder; the run goes on with: {resume RUN}"},
		{is(syscall.ENOSPC), exitError, "make room on that disk, and try again"},
		{is(fs.ErrPermission), exitError, "check who owns the file and its mode"},
		{is(syscall.ECONNREFUSED), exitError, "nothing listens there: check the server's address and port in the inventory, and that it runs"},
		{unknownHost, exitError, "check the server's name in the inventory, and this machine's resolver"},
		{timedOut, exitError, "check the server's address in the inventory, and that nothing on the way drops packets to it"},
		{as[*journal.StateError], exitError, ""},
		{as[*config.ProviderError], exitError, seeDoctor},
		{as[*execute.UnreadError], exitError, seeDoctor},
	}
}

// seeDoctor is the hint for what a provider alone knows, and has said.
const seeDoctor = "see all that is wrong with the provider: {doctor}"

// apart takes the advice to run doctor away, where there is nothing for it to
// look at, or where it is what runs.
func apart(hint string) string {
	if hint == seeDoctor {
		return "-v shows each request"
	}
	return strings.TrimSuffix(hint, ": {doctor}")
}

// withoutInventory is an error about a provider that no inventory holds.
type withoutInventory struct{ error }

func (e *withoutInventory) Unwrap() error { return e.error }

// webPage is an answer that is not the API's, whatever its status says.
func webPage(err error) bool {
	a, ok := errors.AsType[*transport.AnswerError](err)
	return ok && a.Page
}

// serverError is a status of 500 or more.
func serverError(err error) bool {
	a, ok := errors.AsType[*transport.AnswerError](err)
	return ok && a.Status >= http.StatusInternalServerError
}

// unknownHost is a server whose name has no address.
func unknownHost(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// ofAuthority limits fits to errors about the authority of a rehearsal.
func ofAuthority(fits func(error) bool) func(error) bool {
	return func(err error) bool { return as[*authorityError](err) && fits(err) }
}

// outOfReach is a vendor's list that could not be fetched for want of a way there.
func outOfReach(err error) bool {
	return as[*rangesError](err) && (unreachable(err) || as[*tls.CertificateVerificationError](err))
}

// unreachable is a server that does not exist, refuses or is silent.
func unreachable(err error) bool {
	return unknownHost(err) || timedOut(err) || netfault.Of(err) == netfault.Refused
}

// timedOut is a server that was silent.
func timedOut(err error) bool { return netfault.Of(err) == netfault.Timeout }

// damagedLog is a change log that cannot be read; other damage is a run's.
func damagedLog(err error) bool {
	d, ok := errors.AsType[*journal.DamageError](err)
	return ok && filepath.Base(d.Path) == journal.ChangeLogFile
}

// runError is an error that knows which run it is about.
type runError struct {
	run string
	err error
}

func (e *runError) Error() string { return e.err.Error() }
func (e *runError) Unwrap() error { return e.err }

// about tells err which run it is about; nil stays nil.
func about(run string, err error) error {
	if err == nil {
		return nil
	}
	return &runError{run, err}
}

// runOnFullDisk is a run that there is no room for any more.
func runOnFullDisk(err error) bool { return errors.Is(err, syscall.ENOSPC) && as[*runError](err) }

// runOf is the run that err is about; empty where none is known.
func runOf(err error) string {
	if e, ok := errors.AsType[*runError](err); ok {
		return e.run
	} else if e, ok := errors.AsType[*journal.HeldError](err); ok {
		return e.Holder.Run
	} else if e, ok := errors.AsType[*journal.BusyError](err); ok {
		return e.Run
	} else if e, ok := errors.AsType[*journal.DamageError](err); ok && !damagedLog(err) {
		return filepath.Base(filepath.Dir(e.Path))
	} else if e, ok := errors.AsType[*config.UnfinishedError](err); ok && len(e.Runs) > 0 {
		return e.Runs[0].ID
	}
	return ""
}

// pasted puts what can be typed in place of the {commands} of a hint. The list of
// runs shows a run that is not known.
func pasted(hint, run string, command func(words string) string) string {
	out, rest, found := strings.Cut(hint, "{")
	for found {
		var words, text string
		words, rest, _ = strings.Cut(rest, "}")
		text, rest, found = strings.Cut(rest, "{")
		switch {
		case run != "":
			words = strings.ReplaceAll(words, "RUN", run)
		case words == "show RUN":
			words = "runs"
		}
		out += command(words) + text
	}
	return out
}

// placed is an error that puts into its hint what that is about.
type placed interface {
	error
	place(hint string) string
}

// advise looks err up in the table.
func advise(err error) advice {
	if usage, ok := errors.AsType[*usageError](err); ok {
		return advice{exitError, "see: " + usage.command + " --help"}
	}
	for _, line := range adviceTable() {
		switch {
		case !line.fits(err):
		case as[placed](err):
			e, _ := errors.AsType[placed](err)
			return advice{line.code, e.place(line.hint)}
		case as[*withoutInventory](err):
			return advice{line.code, strings.ReplaceAll(apart(line.hint), " in the inventory", "")}
		default:
			return advice{line.code, line.hint}
		}
	}
	return advice{exitError, ""}
}

// is returns whether an error is target.
func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// exit prints what went wrong and returns the code. Command makes what to type
// out of the words of a command.
func (a *app) exit(ctx context.Context, err error, command func(words string) string) int {
	if err == nil {
		return exitDone
	}
	if c, own := errors.AsType[*coded](err); own && c.err == nil {
		return c.code
	}
	if s, ok := stoppedBy(ctx, err); ok {
		_, _ = fmt.Fprintf(a.stderr, "dnsplan: %v\n", s)
		return signalCode(s)
	}
	a.tell("dnsplan: error: " + strings.Join(each(err), "\n  "))
	if hint := advise(err).hint; hint != "" {
		a.tell("dnsplan: hint: " + pasted(hint, runOf(err), command))
	}
	return codeOf(ctx, err)
}

// each is the text of each error of several that were joined, or of the one that err is.
func each(err error) (texts []string) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	for _, e := range joined.Unwrap() {
		texts = append(texts, each(e)...)
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []string{err.Error()} // it has words of its own
	}
	return texts
}

// codeOf is the exit code of an error: its own, a signal's, or the table's.
func codeOf(ctx context.Context, err error) int {
	if c, own := errors.AsType[*coded](err); own {
		return c.code
	}
	if s, ok := stoppedBy(ctx, err); ok {
		return signalCode(s)
	}
	return advise(err).code
}

// stoppedBy returns the signal that err comes of. Some report a context's end
// as context.Canceled, some by its cause.
func stoppedBy(ctx context.Context, err error) (signalled, bool) {
	if s, ok := errors.AsType[signalled](err); ok {
		return s, true
	}
	s, ok := errors.AsType[signalled](context.Cause(ctx))
	return s, ok && errors.Is(err, context.Canceled)
}

// signalCode is 128 and the signal's number, as shells have it.
func signalCode(s signalled) int {
	if number, ok := s.Signal.(syscall.Signal); ok {
		return bySignal + int(number)
	}
	return exitInterrupted
}
