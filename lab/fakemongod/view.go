package fakemongod

import "go.mongodb.org/mongo-driver/v2/bson"

// view is what a command sees: the committed documents, and in a transaction
// its own changes over them. It must be used with the store's mu held.
type view struct {
	store   *store
	tx      *transaction // nil: none
	pending []change     // of a command without a transaction
}

// find gives the documents that match, in the order in which they came.
func (v *view) find(ns string, filter bson.D) (found []bson.D) {
	own := v.own(ns)
	seen := map[string]bool{}
	if c := v.store.collections[ns]; c != nil {
		for _, key := range c.order {
			doc := c.docs[key].doc
			if o, changed := own[key]; changed {
				doc = o
			}
			seen[key] = true
			if doc != nil && matches(doc, filter) {
				found = append(found, doc)
			}
		}
	}
	for _, c := range v.changes() {
		if key := c.key(); c.NS == ns && !seen[key] && own[key] != nil && matches(own[key], filter) {
			found = append(found, own[key])
			seen[key] = true
		}
	}
	return found
}

func (v *view) changes() []change {
	if v.tx != nil {
		return v.tx.changes
	}
	return v.pending
}

// own are the view's changes by key; nil: taken away.
func (v *view) own(ns string) map[string]bson.D {
	own := map[string]bson.D{}
	for _, c := range v.changes() {
		if c.NS == ns {
			own[c.key()] = c.Doc
		}
	}
	return own
}

// put adds a change. In a transaction it conflicts with what another has
// changed since it began, or is changing: manual, "Transactions", in-progress
// transactions and write conflicts.
func (v *view) put(ns string, id any, doc bson.D) error {
	c := change{NS: ns, Doc: doc, mapKey: string(keyOf(id))}
	if doc == nil {
		kind, value, err := bson.MarshalValue(id)
		if err != nil {
			return err
		}
		c.ID = bson.RawValue{Type: kind, Value: value}
	}
	if owner := v.store.owner(ns, c.mapKey); owner != nil && owner != v.tx {
		return writeConflict()
	}
	if v.tx == nil {
		v.pending = append(v.pending, c)
		return nil
	}
	if old := v.store.of(ns).docs[c.mapKey]; old != nil && old.at.Compare(v.tx.began) > 0 {
		return writeConflict()
	}
	v.tx.claim(v.store, ns, c.mapKey)
	v.tx.changes = append(v.tx.changes, c)
	return nil
}
