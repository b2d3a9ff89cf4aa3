package fakemongod

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// record is what one write, or one transaction, changed.
type record struct {
	At      bson.Timestamp `bson:"at"`
	Term    int64          `bson:"term"`
	Changes []change       `bson:"changes"`
}

// change is one document put or taken away, or a whole collection dropped.
type change struct {
	NS     string        `bson:"ns"`
	ID     bson.RawValue `bson:"id,omitempty"`
	Doc    bson.D        `bson:"doc,omitempty"` // none: taken away
	Drop   bool          `bson:"drop,omitempty"`
	mapKey string
}

// stored is a document as it was last written.
type stored struct {
	doc bson.D
	at  bson.Timestamp
}

// collection keeps its documents in the order in which they came.
type collection struct {
	docs  map[string]*stored
	order []string
}

// store is all documents, in memory and in the journal.
type store struct {
	mu          sync.Mutex
	journal     *journal
	collections map[string]*collection // guarded by mu: by database and name
	oplog       []entry                // guarded by mu: never empty once open
	last        bson.Timestamp         // guarded by mu: of the oplog
	term        int64
	from        uint32
	stable      bson.Timestamp // guarded by mu: of the last flush
	flushes     int64          // guarded by mu
	setID       bson.ObjectID
	claimed     map[claim]*transaction // guarded by mu: documents that transactions are changing
}

// entry is what the oplog tells of one record.
type entry struct {
	at   bson.Timestamp
	term int64
	noop bool
}

// show is as the manual's "Replica Set Oplog" and the server's own tell it: n
// is an entry that changes nothing, as each election writes one.
func (e entry) show() bson.D {
	op := "c" // of several changes at once
	if e.noop {
		op = "n"
	}
	return bson.D{{Key: "ts", Value: e.at}, {Key: "t", Value: e.term}, {Key: "op", Value: op}, {Key: "ns", Value: "admin.$cmd"}}
}

// openStore replays the journal, begins a new term, and writes so down, as a
// mongod does that is elected.
func openStore(folder string) (*store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	s := &store{collections: map[string]*collection{}, claimed: map[claim]*transaction{}, from: 1 + rand.Uint32N(1_000_000)}
	var err error
	if s.setID, err = identity(folder); err != nil {
		return nil, err
	}
	if s.journal, err = openJournal(folder, s.replay); err != nil {
		return nil, err
	}
	s.term++
	s.stable = s.last
	return s, s.commit(nil)
}

// identity is the set's, made once.
func identity(folder string) (bson.ObjectID, error) {
	path := filepath.Join(folder, "identity.fake")
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		id := bson.NewObjectID()
		return id, os.WriteFile(path, []byte(id.Hex()), 0o600)
	}
	if err != nil {
		return bson.ObjectID{}, err
	}
	return bson.ObjectIDFromHex(string(data))
}

func (s *store) replay(r record) {
	s.apply(r)
	s.last, s.term = r.At, r.Term
	s.oplog = append(s.oplog, entry{r.At, r.Term, len(r.Changes) == 0})
}

// commit gives changes their time, writes them down, and makes them seen.
func (s *store) commit(changes []change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commitLocked(changes)
}

func (s *store) commitLocked(changes []change) error {
	r := record{At: s.next(), Term: s.term, Changes: changes}
	if err := s.journal.append(r); err != nil {
		return err
	}
	s.replay(r)
	return nil
}

// next is the time of the next write: the clock's, and later than the last. It
// counts from a number of this run's own, so that two copies that start in the
// same second differ.
func (s *store) next() bson.Timestamp {
	now := bson.Timestamp{T: uint32(time.Now().Unix()), I: s.from}
	if now.Compare(s.last) <= 0 {
		now = bson.Timestamp{T: s.last.T, I: s.last.I + 1}
	}
	return now
}

// apply must be called with mu held, or before anybody else knows the store.
func (s *store) apply(r record) {
	for _, c := range r.Changes {
		if c.Drop {
			delete(s.collections, c.NS)
			continue
		}
		s.of(c.NS).put(c, r.At)
	}
}

func (s *store) of(ns string) *collection {
	c := s.collections[ns]
	if c == nil {
		c = &collection{docs: map[string]*stored{}}
		s.collections[ns] = c
	}
	return c
}

func (c *collection) put(change change, at bson.Timestamp) {
	key := change.key()
	if change.Doc == nil {
		delete(c.docs, key)
		c.order = slices.DeleteFunc(c.order, func(k string) bool { return k == key })
		return
	}
	if c.docs[key] == nil {
		c.order = append(c.order, key)
	}
	c.docs[key] = &stored{change.Doc, at}
}

func (c change) key() string {
	if c.mapKey != "" {
		return c.mapKey
	}
	var id any
	if c.Doc != nil {
		id = get(c.Doc, "_id")
	} else if err := c.ID.Unmarshal(&id); err != nil {
		return ""
	}
	return string(keyOf(id))
}

// flush brings everything that is acknowledged to the disk.
func (s *store) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.journal.flush(); err != nil {
		return err
	}
	s.stable = s.last
	s.flushes++
	return nil
}

// names are the collections there are, of one database.
func (s *store) names(db string) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ns := range slices.Sorted(maps.Keys(s.collections)) {
		if name, ok := cutDatabase(ns, db); ok {
			list = append(list, name)
		}
	}
	return list
}

// databases are those that have collections.
func (s *store) databases() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]bool{}
	for ns := range s.collections {
		db, _, _ := strings.Cut(ns, ".")
		names[db] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func cutDatabase(ns, db string) (string, bool) {
	if len(ns) <= len(db) || ns[:len(db)] != db || ns[len(db)] != '.' {
		return "", false
	}
	return ns[len(db)+1:], true
}
