; What Python sees of a node: powers, which know their exponent, and the attributes.

; --- powers --------------------------------------------------------------------------------------------

; nb_power: by a value, the row; by a plain number, a node that holds the number itself, so that no
; logarithm is taken for an exponent that nobody derives by. pow(x, y, modulus) is not for us.
define ptr @tape_power(ptr %x, ptr %y, ptr %modulus) {
  %none = call ptr @None()
  %plain = icmp eq ptr %modulus, %none
  br i1 %plain, label %what, label %refused
refused:
  %not_ours = call ptr @NotImplemented()
  call void @Py_IncRef(ptr %not_ours)
  ret ptr %not_ours
what:
  %by_value = call i1 @is_value(ptr %y)
  br i1 %by_value, label %row, label %number
row:
  %power = call ptr @tape_pow(ptr %x, ptr %y)
  ret ptr %power
number:
  %read = call %Number @number(ptr %y)
  %good = extractvalue %Number %read, 2
  br i1 %good, label %make, label %failed
make:
  %exponent = extractvalue %Number %read, 0
  %whole = extractvalue %Number %read, 1
  %node = call ptr @power_by(ptr %x, double %exponent, i1 %whole)
  ret ptr %node
failed:
  ret ptr null
}

; A node for base ** exponent, whose number is `data`.
define internal ptr @grow_power(ptr %base, double %exponent, i1 %exponent_whole, double %data, i1 %whole) {
  %bits = bitcast double %exponent to i64
  %b = inttoptr i64 %bits to ptr
  %now = call i64 @now()
  %node = call ptr @grow(i32 2, ptr %base, ptr %b, double %data, i1 %whole, i64 %now)
  %none = icmp eq ptr %node, null
  br i1 %none, label %done, label %note
note:
  %marks_place = getelementptr %Node, ptr %node, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %with = or i32 %marks, 4
  %after = select i1 %exponent_whole, i32 %with, i32 %marks
  store i32 %after, ptr %marks_place
  br label %done
done:
  ret ptr %node
}

define internal %Read @exponent(ptr %node) alwaysinline {
  %place = getelementptr %Node, ptr %node, i32 0, i32 5
  %number = load double, ptr %place
  %marks_place = getelementptr %Node, ptr %node, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %moved = lshr i32 %marks, 2
  %whole = trunc i32 %moved to i1
  %read.0 = insertvalue %Read poison, double %number, 0
  %read = insertvalue %Read %read.0, i1 %whole, 1
  ret %Read %read
}

; --- attributes ----------------------------------------------------------------------------------------

define internal ptr @to_python(%Read %read) {
  %number = extractvalue %Read %read, 0
  %whole = extractvalue %Read %read, 1
  br i1 %whole, label %int, label %float
int:
  %as_int = call ptr @PyLong_FromDouble(double %number)
  ret ptr %as_int
float:
  %as_float = call ptr @PyFloat_FromDouble(double %number)
  ret ptr %as_float
}

define ptr @tape_get_data(ptr %self, ptr %nothing) {
  %read = call %Read @data(ptr %self)
  %object = call ptr @to_python(%Read %read)
  ret ptr %object
}

define ptr @tape_get_grad(ptr %self, ptr %nothing) {
  %read = call %Read @grad(ptr %self)
  %object = call ptr @to_python(%Read %read)
  ret ptr %object
}

define i32 @tape_set_data(ptr %self, ptr %object, ptr %nothing) {
  %place = getelementptr %Node, ptr %self, i32 0, i32 2
  %answer = call i32 @set(ptr %self, ptr %object, ptr %place, i32 1)
  ret i32 %answer
}

define i32 @tape_set_grad(ptr %self, ptr %object, ptr %nothing) {
  %place = getelementptr %Node, ptr %self, i32 0, i32 3
  %answer = call i32 @set(ptr %self, ptr %object, ptr %place, i32 2)
  ret i32 %answer
}

; Write a number and its mark; nothing where it is no number. To delete it is to make it None.
define internal i32 @set(ptr %self, ptr %object, ptr %place, i32 %mark) {
  %deleted = icmp eq ptr %object, null
  %none = call ptr @None()
  %given = select i1 %deleted, ptr %none, ptr %object
  %read = call %Number @number(ptr %given)
  %good = extractvalue %Number %read, 2
  br i1 %good, label %write, label %refused
write:
  %number = extractvalue %Number %read, 0
  %whole = extractvalue %Number %read, 1
  store double %number, ptr %place
  %marks_place = getelementptr %Node, ptr %self, i32 0, i32 8
  %marks = load i32, ptr %marks_place
  %others = xor i32 %mark, -1
  %cleared = and i32 %marks, %others
  %set = or i32 %cleared, %mark
  %after = select i1 %whole, i32 %set, i32 %cleared
  store i32 %after, ptr %marks_place
  ret i32 0
refused:
  ret i32 -1
}

define ptr @tape_get_a(ptr %self, ptr %nothing) {
  %place = getelementptr %Node, ptr %self, i32 0, i32 4
  %a = load ptr, ptr %place
  %object = call ptr @or_none(ptr %a)
  ret ptr %object
}

define ptr @tape_get_b(ptr %self, ptr %nothing) {
  %b = call ptr @second(ptr %self)
  %object = call ptr @or_none(ptr %b)
  ret ptr %object
}

define internal ptr @or_none(ptr %node) {
  %is_none = icmp eq ptr %node, null
  %none = call ptr @None()
  %object = select i1 %is_none, ptr %none, ptr %node
  call void @Py_IncRef(ptr %object)
  ret ptr %object
}

define ptr @tape_get_time(ptr %self, ptr %nothing) {
  %place = getelementptr %Node, ptr %self, i32 0, i32 6
  %time = load i64, ptr %place
  %object = call ptr @PyLong_FromLongLong(i64 %time)
  ret ptr %object
}

define ptr @tape_get_rule_number(ptr %self, ptr %nothing) {
  %place = getelementptr %Node, ptr %self, i32 0, i32 7
  %rule = load i32, ptr %place
  %wide = zext i32 %rule to i64
  %object = call ptr @PyLong_FromLongLong(i64 %wide)
  ret ptr %object
}

define ptr @tape_get_exponent(ptr %self, ptr %nothing) {
  %place = getelementptr %Node, ptr %self, i32 0, i32 7
  %rule = load i32, ptr %place
  %is_power = icmp eq i32 %rule, 2
  br i1 %is_power, label %number, label %nothing_there
number:
  %read = call %Read @exponent(ptr %self)
  %object = call ptr @to_python(%Read %read)
  ret ptr %object
nothing_there:
  %none = call ptr @or_none(ptr null)
  ret ptr %none
}

; Nothing to show the garbage collector. That it is here at all says that nodes are none of its business,
; though the class that they derive from is written in Python, and hence collected.
define i32 @tape_traverse(ptr %self, ptr %visit, ptr %argument) {
  ret i32 0
}

declare double @llvm.fabs.f64(double)
declare double @llvm.sqrt.f64(double)
