package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
)

// truth is what a job's generator knows: the counts that a plan must tell.
type truth struct {
	Create int `json:"create"`
	Update int `json:"update"`
	Delete int `json:"delete"`
}

// record is one address of a job; live and desired are empty where it is not.
type record struct {
	name          string
	live, desired netip.Addr
}

// generate writes a job: live/ZONE.zone, desired/ZONE.zone (the same state as
// the inventory's, for the floor), inventory.toml and truth.json.
func generate(args []string) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	zones := flags.Int("zones", 1, "number of zones")
	records := flags.Int("records", 1000, "live A records of each zone")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir := flags.Arg(0)
	for _, sub := range []string{"live", "desired"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	j := job{dir: dir}
	if err := j.open(); err != nil {
		return err
	}
	for z := range *zones {
		if err := j.zone(fmt.Sprintf("z%03d.example.org", z), shape(*records)); err != nil {
			return err
		}
	}
	return j.close()
}

// shape makes the records of a zone. Of 1 %, half are updated, a quarter is
// created and a quarter deleted, spread evenly.
func shape(n int) []record {
	changed := max(n/100, 4)
	creates, deletes := changed/4, changed/4
	updates := changed - creates - deletes
	every := n / (updates + deletes)
	out := make([]record, 0, n+creates)
	for i := range n {
		r := record{name: fmt.Sprintf("h%06d", i), live: address(18, i), desired: address(18, i)}
		if turn := i / every; i%every == 0 && turn < updates+deletes {
			if turn < updates {
				r.desired = address(19, i)
			} else {
				r.desired = netip.Addr{}
			}
		}
		out = append(out, r)
	}
	for i := range creates {
		out = append(out, record{name: fmt.Sprintf("new%06d", i), desired: address(19, n+i)})
	}
	return out
}

// address returns the i-th address of 198.18.0.0/15, of the benchmark network
// of RFC 2544, or of a second one beside it, which is as good for a file.
func address(second, i int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, byte(second*2 + i>>16), byte(i >> 8), byte(i)})
}

// job writes the inventory while its zones are made.
type job struct {
	dir   string
	file  *os.File
	toml  *bufio.Writer
	truth truth
}

func (j *job) open() error {
	f, err := os.Create(filepath.Join(j.dir, "inventory.toml"))
	if err != nil {
		return err
	}
	j.file, j.toml = f, bufio.NewWriter(f)
	_, err = j.toml.WriteString("version = 1\n\n[defaults]\nttl = \"1h\"\n\n[[provider]]\nname = \"files\"\ntype = \"zonefile\"\ndir = \"live\"\n")
	return err
}

func (j *job) zone(name string, records []record) error {
	fmt.Fprintf(j.toml, "\n[[zone]]\nname = %q\nprovider = \"files\"\nservers = []\nprune = true\n", name)
	for _, r := range records {
		j.count(r)
		if r.desired.IsValid() {
			fmt.Fprintf(j.toml, "\n  [[zone.record]]\n  name = %q\n  a = [%q]\n", r.name, r.desired)
		}
	}
	live := func(r record) netip.Addr { return r.live }
	desired := func(r record) netip.Addr { return r.desired }
	if err := writeZone(filepath.Join(j.dir, "live", name+".zone"), name, records, live); err != nil {
		return err
	}
	return writeZone(filepath.Join(j.dir, "desired", name+".zone"), name, records, desired)
}

func (j *job) count(r record) {
	switch {
	case !r.live.IsValid():
		j.truth.Create++
	case !r.desired.IsValid():
		j.truth.Delete++
	case r.live != r.desired:
		j.truth.Update++
	}
}

func (j *job) close() error {
	if err := j.toml.Flush(); err != nil {
		return err
	}
	if err := j.file.Close(); err != nil {
		return err
	}
	text, err := json.Marshal(j.truth)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(j.dir, "truth.json"), text, 0o644)
}

func writeZone(path, name string, records []record, side func(record) netip.Addr) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "$ORIGIN %s.\n$TTL 3600\n@ IN SOA ns1 hostmaster 2026112301 7200 900 1209600 300\n@ IN NS ns1\n@ IN MX 10 mail\n@ IN TXT \"v=spf1 mx -all; kept as it is\"\n", name)
	for _, r := range records {
		if addr := side(r); addr.IsValid() {
			fmt.Fprintf(w, "%s IN A %s\n", r.name, addr)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
