Feature: café
