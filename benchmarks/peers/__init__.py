"""Programs of one method each: they read a table and write another, in an environment of theirs.

They import nothing but the standard library before they are told what to do, since the packages of
one are not there for the others.
"""
