; The life of a node: it is made of its operands, and freed with its last reference. sweep.ll, which follows,
; walks back; attributes.ll is what Python sees. What each row computes is written from the rows (rows.py);
; the functions of Python's C interface are declared in code.py.
;
; A node is one Python object of 64 bytes, and no more than that: its operands, its number, its gradient.
; It refers to nothing but its operands, which are older, so no cycle can be made of nodes, and the garbage
; collector need not know them.

%Node = type {
  $count,    ; 0  how many references there are to it; Python's, as is the next
  ptr,       ; 1  its type
  double,    ; 2  data
  double,    ; 3  grad
  ptr,       ; 4  the first operand, or null
  ptr,       ; 5  the second, or null; for a power by a plain number, the bits of that number
  i64,       ; 6  when it was made: an operand is older than its result
  i32,       ; 7  its rule
  i32        ; 8  marks, as below
}

; Rules that are no rows: 0, a leaf; 1, a pair of operands, which stands second in a node that has three;
; 2, a power by a plain number. The rows count from 3.
;
; Marks: 1, data is an integer; 2, grad is; 4, the exponent is; 8, the sweep has seen this node.

@clock = internal global i64 0

; --- operands ------------------------------------------------------------------------------------------

; A number from Python: whether it is an integer, and whether it is a number at all (if not, an error is set).
%Number = type { double, i1, i1 }

; An operand: its node (null where an error is set), its number, and whether that is an integer.
; The reference to the node is the receiver's to give back.
%Operand = type { ptr, double, i1 }

define internal ptr @type_of(ptr %object) alwaysinline {
  %place = getelementptr %Node, ptr %object, i32 0, i32 1
  %type = load ptr, ptr %place
  ret ptr %type
}

define internal i1 @is_node(ptr %object) alwaysinline {
  %type = call ptr @type_of(ptr %object)
  %value = call ptr @Value()
  %is = icmp eq ptr %type, %value
  ret i1 %is
}

define internal void @hold(ptr %node) alwaysinline {
  %place = getelementptr %Node, ptr %node, i32 0, i32 0
  %count = load $count, ptr %place
  %more = add $count %count, 1
  store $count %more, ptr %place
  ret void
}

; Integers are exact below 2**53; from there on they are floats.
define internal i1 @fits(double %number) alwaysinline {
  %size = call double @llvm.fabs.f64(double %number)
  %fits = fcmp olt double %size, 9007199254740992.0
  ret i1 %fits
}

; Most numbers are floats or integers. The others (numpy's, say) are read by the Python function `number_of`,
; which answers with one of the two, or raises.
define internal %Number @number(ptr %object) noinline {
  %type = call ptr @type_of(ptr %object)
  %float_type = call ptr @float()
  %is_float = icmp eq ptr %type, %float_type
  br i1 %is_float, label %float, label %other
float:
  %place = getelementptr { $head, ptr, double }, ptr %object, i32 0, i32 2
  %held = load double, ptr %place
  %as_float = insertvalue %Number { double poison, i1 false, i1 true }, double %held, 0
  ret %Number %as_float
other:
  %int_type = call ptr @int()
  %is_int = icmp eq ptr %type, %int_type
  br i1 %is_int, label %int, label %foreign
int:
  %exact = call double @PyLong_AsDouble(ptr %object)
  %suspect = fcmp oeq double %exact, -1.0
  br i1 %suspect, label %ask, label %good
ask:
  %error = call ptr @PyErr_Occurred()
  %wrong = icmp ne ptr %error, null
  br i1 %wrong, label %refused, label %good
good:
  %fits = call i1 @fits(double %exact)
  %as_int.0 = insertvalue %Number { double poison, i1 poison, i1 true }, double %exact, 0
  %as_int = insertvalue %Number %as_int.0, i1 %fits, 1
  ret %Number %as_int
foreign:
  %read = call ptr @number_of()
  %plain = call ptr @PyObject_CallOneArg(ptr %read, ptr %object)
  %raised = icmp eq ptr %plain, null
  br i1 %raised, label %refused, label %again
again:
  %number = call %Number @number(ptr %plain)
  call void @Py_DecRef(ptr %plain)
  ret %Number %number
refused:
  ret %Number { double 0.0, i1 false, i1 false }
}

; Whether it is a float or an integer of Python's own.
define internal i1 @is_plain(ptr %object) alwaysinline {
  %type = call ptr @type_of(ptr %object)
  %float_type = call ptr @float()
  %is_float = icmp eq ptr %type, %float_type
  %int_type = call ptr @int()
  %is_int = icmp eq ptr %type, %int_type
  %is = or i1 %is_float, %is_int
  ret i1 %is
}

define internal %Operand @operand(ptr %object) alwaysinline {
  %is_node = call i1 @is_node(ptr %object)
  br i1 %is_node, label %node, label %other
node:
  call void @hold(ptr %object)
  %data_place = getelementptr %Node, ptr %object, i32 0, i32 2
  %data = load double, ptr %data_place
  %marks_place = getelementptr %Node, ptr %object, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %whole = trunc i32 %marks to i1
  %read.0 = insertvalue %Operand poison, ptr %object, 0
  %read.1 = insertvalue %Operand %read.0, double %data, 1
  %read = insertvalue %Operand %read.1, i1 %whole, 2
  ret %Operand %read
other:
  %found = call %Operand @other_operand(ptr %object)
  ret %Operand %found
}

; A number, for which a leaf is made, or an instance of a subclass of Value, which stands for itself, and
; whose `data` may be what the subclass made of it.
define internal %Operand @other_operand(ptr %object) noinline {
  %is_value = call i1 @is_value(ptr %object)
  br i1 %is_value, label %itself, label %number
itself:
  %name = call ptr @data_name()
  %attribute = call ptr @PyObject_GetAttr(ptr %object, ptr %name)
  %raised = icmp eq ptr %attribute, null
  br i1 %raised, label %refused, label %own
own:
  %own_number = call %Number @number(ptr %attribute)
  call void @Py_DecRef(ptr %attribute)
  %own_good = extractvalue %Number %own_number, 2
  br i1 %own_good, label %held, label %refused
held:
  call void @hold(ptr %object)
  br label %done
number:
  %plain_number = call %Number @number(ptr %object)
  %plain_good = extractvalue %Number %plain_number, 2
  br i1 %plain_good, label %leaf, label %refused
leaf:
  %leaf_data = extractvalue %Number %plain_number, 0
  %leaf_whole = extractvalue %Number %plain_number, 1
  %made = call ptr @grow(i32 0, ptr null, ptr null, double %leaf_data, i1 %leaf_whole, i64 0)
  br label %done
done:
  %node = phi ptr [ %object, %held ], [ %made, %leaf ]
  %read = phi %Number [ %own_number, %held ], [ %plain_number, %leaf ]
  %data = extractvalue %Number %read, 0
  %whole = extractvalue %Number %read, 1
  %found.0 = insertvalue %Operand poison, ptr %node, 0
  %found.1 = insertvalue %Operand %found.0, double %data, 1
  %found = insertvalue %Operand %found.1, i1 %whole, 2
  ret %Operand %found
refused:
  ret %Operand { ptr null, double 0.0, i1 false }
}

; Whether it is an instance of Value, or of a subclass.
define internal i1 @is_value(ptr %object) {
  %type = call ptr @type_of(ptr %object)
  %value = call ptr @Value()
  %exactly = icmp eq ptr %type, %value
  br i1 %exactly, label %yes, label %derived
yes:
  ret i1 true
derived:
  %answer = call i32 @PyType_IsSubtype(ptr %type, ptr %value)
  %is = icmp ne i32 %answer, 0
  ret i1 %is
}

; --- birth ---------------------------------------------------------------------------------------------

define internal i64 @now() alwaysinline {
  %last = load i64, ptr @clock
  %now = add i64 %last, 1
  store i64 %now, ptr @clock
  ret i64 %now
}

; A new node. It takes over the references to its operands; null, and an error, where there is no memory.
define internal ptr @grow(i32 %rule, ptr %a, ptr %b, double %data, i1 %whole, i64 %time) {
  %node = call ptr @PyObject_Malloc(i64 64)
  %none = icmp eq ptr %node, null
  br i1 %none, label %refused, label %made
refused:
  call void @Py_DecRef(ptr %a)
  %is_power = icmp eq i32 %rule, 2
  %second = select i1 %is_power, ptr null, ptr %b
  call void @Py_DecRef(ptr %second)
  %error = call ptr @PyErr_NoMemory()
  ret ptr null
made:
  %value = call ptr @Value()
  call ptr @PyObject_Init(ptr %node, ptr %value)
  call void @fill(ptr %node, i32 %rule, ptr %a, ptr %b, double %data, i1 %whole, i64 %time)
  ret ptr %node
}

define internal void @fill(ptr %node, i32 %rule, ptr %a, ptr %b, double %data, i1 %whole, i64 %time) alwaysinline {
  %data_place = getelementptr %Node, ptr %node, i32 0, i32 2
  store double %data, ptr %data_place
  %grad_place = getelementptr %Node, ptr %node, i32 0, i32 3
  store double 0.0, ptr %grad_place
  %a_place = getelementptr %Node, ptr %node, i32 0, i32 4
  store ptr %a, ptr %a_place
  %b_place = getelementptr %Node, ptr %node, i32 0, i32 5
  store ptr %b, ptr %b_place
  %time_place = getelementptr %Node, ptr %node, i32 0, i32 6
  store i64 %time, ptr %time_place
  %rule_place = getelementptr %Node, ptr %node, i32 0, i32 7
  store i32 %rule, ptr %rule_place
  %fits = call i1 @fits(double %data)
  %is_int = and i1 %whole, %fits
  %mark = zext i1 %is_int to i32
  %marks = or i32 %mark, 2
  %marks_place = getelementptr %Node, ptr %node, i32 0, i32 8
  store i32 %marks, ptr %marks_place
  ret void
}

; Value.__new__: a leaf that holds 0.
define ptr @tape_new(ptr %type, ptr %args, ptr %keywords) {
  %value = call ptr @Value()
  %exactly = icmp eq ptr %type, %value
  br i1 %exactly, label %node, label %derived
node:
  %leaf = call ptr @grow(i32 0, ptr null, ptr null, double 0.0, i1 true, i64 0)
  ret ptr %leaf
derived:
  %made = call ptr @PyType_GenericAlloc(ptr %type, i64 0)
  %none = icmp eq ptr %made, null
  br i1 %none, label %done, label %filled
filled:
  call void @fill(ptr %made, i32 0, ptr null, ptr null, double 0.0, i1 true, i64 0)
  br label %done
done:
  ret ptr %made
}

; Value.__init__(data). What is not one plain number for a leaf goes to the Python function `given`, which
; answers with the number, or raises.
define i32 @tape_init(ptr %self, ptr %args, ptr %keywords) {
  %rule_place = getelementptr %Node, ptr %self, i32 0, i32 7
  %rule = load i32, ptr %rule_place
  %is_leaf = icmp eq i32 %rule, 0
  %no_keywords = icmp eq ptr %keywords, null
  %count = call i64 @PyTuple_Size(ptr %args)
  %is_one = icmp eq i64 %count, 1
  %easy.0 = and i1 %is_leaf, %no_keywords
  %easy = and i1 %easy.0, %is_one
  br i1 %easy, label %one, label %several
one:
  %first = call ptr @PyTuple_GetItem(ptr %args, i64 0)
  %plain = call i1 @is_plain(ptr %first)
  br i1 %plain, label %taken, label %several
taken:
  call void @Py_IncRef(ptr %first)
  br label %read
several:
  %none = call ptr @None()
  %named = select i1 %no_keywords, ptr %none, ptr %keywords
  %given = call ptr @given()
  %found = call ptr @call3(ptr %given, ptr %self, ptr %args, ptr %named)
  %raised = icmp eq ptr %found, null
  br i1 %raised, label %refused, label %read
read:
  %object = phi ptr [ %first, %taken ], [ %found, %several ]
  %number = call %Number @number(ptr %object)
  call void @Py_DecRef(ptr %object)
  %good = extractvalue %Number %number, 2
  br i1 %good, label %write, label %refused
write:
  %data = extractvalue %Number %number, 0
  %whole = extractvalue %Number %number, 1
  %now = call i64 @now()
  call void @fill(ptr %self, i32 0, ptr null, ptr null, double %data, i1 %whole, i64 %now)
  ret i32 0
refused:
  ret i32 -1
}

define internal ptr @call3(ptr %function, ptr %x, ptr %y, ptr %z) noinline {
  %arguments = alloca [3 x ptr]
  store ptr %x, ptr %arguments
  %second = getelementptr ptr, ptr %arguments, i64 1
  store ptr %y, ptr %second
  %third = getelementptr ptr, ptr %arguments, i64 2
  store ptr %z, ptr %third
  %answer = call ptr @PyObject_Vectorcall(ptr %function, ptr %arguments, i64 3, ptr null)
  ret ptr %answer
}

; --- death ---------------------------------------------------------------------------------------------

; Free a node, and all that it was the last to hold. Those that wait are a list that is threaded through
; their `time`: a chain of a million nodes takes no more of the C stack than one.
define void @tape_free(ptr %first) {
entry:
  %end = getelementptr %Node, ptr %first, i32 0, i32 6
  store ptr null, ptr %end
  br label %next
next:
  %node = phi ptr [ %first, %entry ], [ %waiting, %next ]
  %rest_place = getelementptr %Node, ptr %node, i32 0, i32 6
  %rest = load ptr, ptr %rest_place
  %a_place = getelementptr %Node, ptr %node, i32 0, i32 4
  %a = load ptr, ptr %a_place
  %b = call ptr @second(ptr %node)
  call void @give_back(ptr %node)
  %longer = call ptr @let_go(ptr %a, ptr %rest)
  %waiting = call ptr @let_go(ptr %b, ptr %longer)
  %none = icmp eq ptr %waiting, null
  br i1 %none, label %done, label %next
done:
  ret void
}

; The second operand; null where there is none.
define internal ptr @second(ptr %node) alwaysinline {
  %place = getelementptr %Node, ptr %node, i32 0, i32 5
  %b = load ptr, ptr %place
  %rule_place = getelementptr %Node, ptr %node, i32 0, i32 7
  %rule = load i32, ptr %rule_place
  %is_power = icmp eq i32 %rule, 2
  %second = select i1 %is_power, ptr null, ptr %b
  ret ptr %second
}

; One reference less; the list, with the node before it where that was the last one.
define internal ptr @let_go(ptr %node, ptr %list) alwaysinline {
entry:
  %none = icmp eq ptr %node, null
  br i1 %none, label %same, label %some
some:
  %is_node = call i1 @is_node(ptr %node)
  br i1 %is_node, label %ours, label %theirs
theirs:
  call void @Py_DecRef(ptr %node)
  br label %same
ours:
  %place = getelementptr %Node, ptr %node, i32 0, i32 0
  %count = load $count, ptr %place
  %less = sub $count %count, 1
  store $count %less, ptr %place
  %last = icmp eq $count %less, 0
  br i1 %last, label %dead, label %same
dead:
  %link = getelementptr %Node, ptr %node, i32 0, i32 6
  store ptr %list, ptr %link
  br label %same
same:
  %longer = phi ptr [ %list, %entry ], [ %list, %theirs ], [ %list, %ours ], [ %node, %dead ]
  ret ptr %longer
}

; The memory of a node, to where its type has it from.
define internal void @give_back(ptr %node) alwaysinline {
  %type = call ptr @type_of(ptr %node)
  %value = call ptr @Value()
  %exactly = icmp eq ptr %type, %value
  br i1 %exactly, label %ours, label %theirs
ours:
  call void @PyObject_Free(ptr %node)
  br label %done
theirs:
  %free = call ptr @PyType_GetSlot(ptr %type, i32 $tp_free)
  call void %free(ptr %node)
  br label %done
done:
  call void @Py_DecRef(ptr %type)
  ret void
}

