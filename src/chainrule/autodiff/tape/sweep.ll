; The way back: the nodes below the root are collected, put in order, and pulled, each by its own rule.

; The computed nodes that were found: each with its age, counted back from the root.
%Found = type { i64, ptr }
%List = type { ptr, i64, i64 } ; where they are, how many, and for how many there is room

; Value._sweep(): add d(self)/d(node) into the gradient of every node below. The gradient of `self` is
; there already.
define ptr @tape_sweep(ptr %root, ptr %nothing) {
entry:
  %list = alloca %List
  store %List zeroinitializer, ptr %list
  %root_time_place = getelementptr %Node, ptr %root, i32 0, i32 6
  %root_time = load i64, ptr %root_time_place
  %root_rule_place = getelementptr %Node, ptr %root, i32 0, i32 7
  %root_rule = load i32, ptr %root_rule_place
  %is_leaf = icmp eq i32 %root_rule, 0
  br i1 %is_leaf, label %nothing_below, label %start
nothing_below:
  %none.leaf = call ptr @or_none(ptr null)
  ret ptr %none.leaf
start:
  %oldest = call i64 @collect(ptr %list, ptr %root, i64 %root_time)
  %count_place = getelementptr %List, ptr %list, i32 0, i32 1
  %count = load i64, ptr %count_place
  %items = load ptr, ptr %list
  call void @unmark(ptr %items, i64 %count)
  %failed = icmp slt i64 %oldest, 0
  br i1 %failed, label %no_memory, label %sort
sort:
  %scratch = call ptr @youngest_first(ptr %items, i64 %count, i64 %oldest)
  %unsorted = icmp eq ptr %scratch, null
  br i1 %unsorted, label %no_memory, label %pull
pull:
  %i = phi i64 [ 0, %sort ], [ %next, %pulled ]
  %place = getelementptr %Found, ptr %scratch, i64 %i, i32 1
  %node = load ptr, ptr %place
  %good = call i1 @pull(ptr %node)
  br i1 %good, label %pulled, label %raised
pulled:
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %pull, label %done
done:
  call void @PyMem_RawFree(ptr %scratch)
  %none = call ptr @or_none(ptr null)
  ret ptr %none
raised:
  call void @PyMem_RawFree(ptr %scratch)
  ret ptr null
no_memory:
  call void @PyMem_RawFree(ptr %items)
  %error = call ptr @PyErr_NoMemory()
  ret ptr null
}

; Put all computed nodes that `root` depends on into the list, and mark them. The age of the oldest, or -1
; where there is no memory.
define internal i64 @collect(ptr %list, ptr %root, i64 %root_time) {
entry:
  %count_place = getelementptr %List, ptr %list, i32 0, i32 1
  %age_place = alloca i64
  store i64 0, ptr %age_place
  %good.root = call i1 @visit(ptr %list, ptr %root, i64 %root_time, ptr %age_place)
  br i1 %good.root, label %walk, label %no_memory
walk:
  %i = phi i64 [ 0, %entry ], [ %next, %both ]
  %count = load i64, ptr %count_place
  %more = icmp ult i64 %i, %count
  br i1 %more, label %node, label %done
node:
  %items = load ptr, ptr %list
  %place = getelementptr %Found, ptr %items, i64 %i, i32 1
  %node.i = load ptr, ptr %place
  %a_place = getelementptr %Node, ptr %node.i, i32 0, i32 4
  %a = load ptr, ptr %a_place
  %good.a = call i1 @visit(ptr %list, ptr %a, i64 %root_time, ptr %age_place)
  br i1 %good.a, label %first, label %no_memory
first:
  %b = call ptr @second(ptr %node.i)
  %good.b = call i1 @visit(ptr %list, ptr %b, i64 %root_time, ptr %age_place)
  br i1 %good.b, label %both, label %no_memory
both:
  %next = add i64 %i, 1
  br label %walk
done:
  %oldest = load i64, ptr %age_place
  ret i64 %oldest
no_memory:
  ret i64 -1
}

; Put a node into the list, unless it is a leaf, or there already. False where there is no memory.
define internal i1 @visit(ptr %list, ptr %node, i64 %root_time, ptr %age_place) alwaysinline {
  %none = icmp eq ptr %node, null
  br i1 %none, label %done, label %some
some:
  %rule_place = getelementptr %Node, ptr %node, i32 0, i32 7
  %rule = load i32, ptr %rule_place
  %is_leaf = icmp eq i32 %rule, 0
  br i1 %is_leaf, label %done, label %computed
computed:
  %marks_place = getelementptr %Node, ptr %node, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %seen = and i32 %marks, 8
  %is_new = icmp eq i32 %seen, 0
  br i1 %is_new, label %new, label %done
new:
  %count_place = getelementptr %List, ptr %list, i32 0, i32 1
  %count = load i64, ptr %count_place
  %room_place = getelementptr %List, ptr %list, i32 0, i32 2
  %room = load i64, ptr %room_place
  %full = icmp eq i64 %count, %room
  br i1 %full, label %lengthen, label %append
lengthen:
  %good = call i1 @lengthen(ptr %list)
  br i1 %good, label %append, label %no_memory
append:
  %time_place = getelementptr %Node, ptr %node, i32 0, i32 6
  %time = load i64, ptr %time_place
  %age = sub i64 %root_time, %time
  %oldest = load i64, ptr %age_place
  %older = icmp sgt i64 %age, %oldest
  %now_oldest = select i1 %older, i64 %age, i64 %oldest
  store i64 %now_oldest, ptr %age_place
  %items = load ptr, ptr %list
  %place = getelementptr %Found, ptr %items, i64 %count
  store i64 %age, ptr %place
  %node_place = getelementptr %Found, ptr %place, i32 0, i32 1
  store ptr %node, ptr %node_place
  %longer = add i64 %count, 1
  store i64 %longer, ptr %count_place
  %marked = or i32 %marks, 8
  store i32 %marked, ptr %marks_place
  br label %done
done:
  ret i1 true
no_memory:
  ret i1 false
}

; Room for twice as many.
define internal i1 @lengthen(ptr %list) noinline {
  %room_place = getelementptr %List, ptr %list, i32 0, i32 2
  %room = load i64, ptr %room_place
  %twice = shl i64 %room, 1
  %is_first = icmp eq i64 %room, 0
  %more = select i1 %is_first, i64 256, i64 %twice
  %bytes = shl i64 %more, 4
  %items = load ptr, ptr %list
  %moved = call ptr @PyMem_RawRealloc(ptr %items, i64 %bytes)
  %none = icmp eq ptr %moved, null
  br i1 %none, label %no_memory, label %good
good:
  store ptr %moved, ptr %list
  store i64 %more, ptr %room_place
  ret i1 true
no_memory:
  ret i1 false
}

; The marks are taken away before anything else happens, so that what Python code may do on the way back,
; another sweep included, finds none.
define internal void @unmark(ptr %items, i64 %count) {
entry:
  %any = icmp ne i64 %count, 0
  br i1 %any, label %each, label %done
each:
  %i = phi i64 [ 0, %entry ], [ %next, %each ]
  %place = getelementptr %Found, ptr %items, i64 %i, i32 1
  %node = load ptr, ptr %place
  %marks_place = getelementptr %Node, ptr %node, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %without = and i32 %marks, -9
  store i32 %without, ptr %marks_place
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %each, label %done
done:
  ret void
}

; The items by their age: a radix sort, eleven bits of the age at a time, the lowest first. Where they end up
; is returned, and what they were in is freed; null, with `items` untouched, where there is no memory.
define internal ptr @youngest_first(ptr %items, i64 %count, i64 %oldest) {
entry:
  %starts = alloca [2048 x i64]
  %size = shl i64 %count, 4
  %scratch = call ptr @PyMem_RawMalloc(i64 %size)
  %none = icmp eq ptr %scratch, null
  br i1 %none, label %no_memory, label %digit
no_memory:
  ret ptr null

digit:
  %from = phi ptr [ %items, %entry ], [ %to, %sorted ]
  %to = phi ptr [ %scratch, %entry ], [ %from, %sorted ]
  %shift = phi i64 [ 0, %entry ], [ %higher, %sorted ]
  %left = lshr i64 %oldest, %shift
  %finished = icmp eq i64 %left, 0
  %too_far = icmp ugt i64 %shift, 63
  %stop = or i1 %finished, %too_far
  br i1 %stop, label %done, label %clear
done:
  call void @PyMem_RawFree(ptr %to)
  ret ptr %from

clear:
  %c = phi i64 [ 0, %digit ], [ %c.next, %clear ]
  %c.place = getelementptr i64, ptr %starts, i64 %c
  store i64 0, ptr %c.place
  %c.next = add i64 %c, 1
  %c.more = icmp ult i64 %c.next, 2048
  br i1 %c.more, label %clear, label %tally

tally: ; how many have each digit
  %t = phi i64 [ 0, %clear ], [ %t.next, %tally ]
  %t.item = getelementptr %Found, ptr %from, i64 %t
  %t.age = load i64, ptr %t.item
  %t.digit = call i64 @digit(i64 %t.age, i64 %shift)
  %t.place = getelementptr i64, ptr %starts, i64 %t.digit
  %t.count = load i64, ptr %t.place
  %t.one_more = add i64 %t.count, 1
  store i64 %t.one_more, ptr %t.place
  %t.next = add i64 %t, 1
  %t.more = icmp ult i64 %t.next, %count
  br i1 %t.more, label %tally, label %place

place: ; and so, where those of each digit start
  %p = phi i64 [ 0, %tally ], [ %p.next, %place ]
  %p.start = phi i64 [ 0, %tally ], [ %p.end, %place ]
  %p.place = getelementptr i64, ptr %starts, i64 %p
  %p.count = load i64, ptr %p.place
  store i64 %p.start, ptr %p.place
  %p.end = add i64 %p.start, %p.count
  %p.next = add i64 %p, 1
  %p.more = icmp ult i64 %p.next, 2048
  br i1 %p.more, label %place, label %move

move:
  %m = phi i64 [ 0, %place ], [ %m.next, %move ]
  %m.item = getelementptr %Found, ptr %from, i64 %m
  %m.found = load %Found, ptr %m.item
  %m.age = extractvalue %Found %m.found, 0
  %m.digit = call i64 @digit(i64 %m.age, i64 %shift)
  %m.place = getelementptr i64, ptr %starts, i64 %m.digit
  %m.start = load i64, ptr %m.place
  %m.target = getelementptr %Found, ptr %to, i64 %m.start
  store %Found %m.found, ptr %m.target
  %m.taken = add i64 %m.start, 1
  store i64 %m.taken, ptr %m.place
  %m.next = add i64 %m, 1
  %m.more = icmp ult i64 %m.next, %count
  br i1 %m.more, label %move, label %sorted

sorted:
  %higher = add i64 %shift, 11
  br label %digit
}

define internal i64 @digit(i64 %age, i64 %shift) alwaysinline {
  %left = lshr i64 %age, %shift
  %digit = and i64 %left, 2047
  ret i64 %digit
}

; What a pullback reads of a node: a number, and whether it is an integer.
%Read = type { double, i1 }

define internal %Read @data(ptr %node) alwaysinline {
  %place = getelementptr %Node, ptr %node, i32 0, i32 2
  %number = load double, ptr %place
  %marks_place = getelementptr %Node, ptr %node, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %whole = trunc i32 %marks to i1
  %read.0 = insertvalue %Read poison, double %number, 0
  %read = insertvalue %Read %read.0, i1 %whole, 1
  ret %Read %read
}

define internal %Read @grad(ptr %node) alwaysinline {
  %place = getelementptr %Node, ptr %node, i32 0, i32 3
  %number = load double, ptr %place
  %marks_place = getelementptr %Node, ptr %node, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %moved = lshr i32 %marks, 1
  %whole = trunc i32 %moved to i1
  %read.0 = insertvalue %Read poison, double %number, 0
  %read = insertvalue %Read %read.0, i1 %whole, 1
  ret %Read %read
}

; node.grad += d. A sum of integers is one, while it is small enough.
define internal void @receive(ptr %node, double %d, i1 %whole) alwaysinline {
  %place = getelementptr %Node, ptr %node, i32 0, i32 3
  %grad = load double, ptr %place
  %sum = fadd double %grad, %d
  store double %sum, ptr %place
  %marks_place = getelementptr %Node, ptr %node, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %part_fits = call i1 @fits(double %d)
  %sum_fits = call i1 @fits(double %sum)
  %fits = and i1 %part_fits, %sum_fits
  %stays = and i1 %whole, %fits
  %float = and i32 %marks, -3
  %after = select i1 %stays, i32 %marks, i32 %float
  store i32 %after, ptr %marks_place
  ret void
}

; Where an instance of a subclass takes part, the pullback runs in Python, through the attributes that the
; subclass may have made its own.
define internal i1 @pull_in_python(ptr %node) noinline {
  %function = call ptr @pull_by_attributes()
  %answer = call ptr @PyObject_CallOneArg(ptr %function, ptr %node)
  %raised = icmp eq ptr %answer, null
  br i1 %raised, label %failed, label %done
done:
  call void @Py_DecRef(ptr %answer)
  ret i1 true
failed:
  ret i1 false
}

