// The types of the library beside this file; "preact" is found by tests/typescript/tsconfig.json.
import { VNode } from "preact";
export { h, render, Component, createContext } from "preact";
export * from "preact/hooks";
export declare const html: (strings: TemplateStringsArray, ...values: any[]) => VNode;
