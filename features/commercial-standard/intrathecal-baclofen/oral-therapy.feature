Feature: Commercial Standard: oral therapy comes before a screening dose and before a pump

  This payer wants six weeks of oral antispasmodics that did not do enough, or that were not tolerated,
  whenever that showed. It wants them before the screening dose already. What its own authorization has
  certified is not asked again on the claim.

  Rule: Six weeks that did not do enough, or intolerance at any time

    Background: A request for a new pump; only oral therapy is still unknown
      Given the example pump-request of Commercial Standard for J0945

    Scenario Outline: It is enough: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And it is known that the length of oral therapy is <length>
      When the request is decided
      Then it is approved
      And oral_therapy.failed is concluded to be yes
      And rule oral-therapy-not-shown does not hold

      Examples:
        | case                             | outcome       | length  |
        | six weeks that did not do enough | inadequate    | 6 weeks |
        | the same, counted in days        | inadequate    | 42 days |
        | a day more                       | inadequate    | 43 days |
        | not tolerated after six weeks    | not tolerated | 42 days |
        | not tolerated a day before that  | not tolerated | 41 days |
        | not tolerated on the first day   | not tolerated | 1 day   |

    Scenario Outline: It is not enough: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And it is known that the length of oral therapy is <length>
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc |
        | oral-therapy-not-shown | CO    | 50   | N130 |
      And oral_therapy.failed is concluded to be no

      Examples:
        | case                     | outcome    | length    |
        | a day short of six weeks | inadequate | 41 days   |
        | less than a day short    | inadequate | 41.5 days |
        | no day at all            | inadequate | 0 days    |
        | it worked                | effective  | 52 weeks  |
        | it was never tried       | not tried  | 0 days    |

    Scenario: Intolerance needs no length
      Given it is known that the outcome of oral antispasmodics is not tolerated
      And nothing is known about the length of oral therapy
      When the request is decided
      Then it is approved
      And it asks nothing

    Scenario: Oral therapy that worked needs no length to be denied
      Given it is known that the outcome of oral antispasmodics is effective
      And nothing is known about the length of oral therapy
      When the request is decided
      Then it is recommended for denial
      And the reason is CO 50 with N130 from rule oral-therapy-not-shown

    Scenario Outline: Physical therapy beside it is not asked for: <case>
      Given these facts
        | fact                                                   | value   |
        | whether physical therapy was given beside oral therapy | <given> |
      When the request is decided
      Then it is approved
      And it asks nothing

      Examples:
        | case           | given |
        | there was none | no    |
        | not stated     |       |

    Scenario: The outcome of oral therapy is not known
      Given it is known that the length of oral therapy is 41 days
      And nothing is known about the outcome of oral antispasmodics
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the outcome of oral antispasmodics
      And the information request is CO 252 with N706

    Scenario: The length of a trial that did not do enough is not known
      Given nothing is known about the length of oral therapy
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the length of oral therapy

    Scenario: Nothing is known about oral therapy
      Given nothing is known about the outcome of oral antispasmodics
      And nothing is known about the length of oral therapy
      When the request is decided
      Then it is pended
      And no rule denies it
      And it asks for the outcome of oral antispasmodics
      And it asks for the length of oral therapy

  Rule: It is asked for before the screening dose as well

    Background: A screening dose, which needs no authorization here; only oral therapy is still unknown
      Given the example screening-dose of Commercial Standard for J0945

    Scenario Outline: The screening dose is paid: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And it is known that the length of oral therapy is <length>
      When the claim is decided
      Then it is approved
      And oral_therapy.asked is concluded to be yes

      Examples:
        | case                       | outcome       | length  |
        | after six weeks            | inadequate    | 42 days |
        | not tolerated after a week | not tolerated | 7 days  |

    Scenario Outline: The screening dose is denied: <case>
      Given it is known that the outcome of oral antispasmodics is <outcome>
      And it is known that the length of oral therapy is <length>
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | oral-therapy-not-shown | CO    | 50   | N130 | 1    |

      Examples:
        | case                | outcome    | length  |
        | a day short         | inadequate | 41 days |
        | oral therapy worked | effective  | 42 days |
        | it was never tried  | not tried  | 0 days  |

    Scenario: A screening dose waits while oral therapy is not known
      Given nothing is known about the outcome of oral antispasmodics
      And nothing is known about the length of oral therapy
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for the outcome of oral antispasmodics

    Scenario: A void of a screening dose is not asked for oral therapy
      Given the claim has frequency 8
      And it is known that the outcome of oral antispasmodics is not tried
      And nothing is known about the length of oral therapy
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: It is asked for nowhere else, and not again once it was certified

    Scenario Outline: It does not matter to <case>
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      But line 2 has code <procedure>
      And it is known that the outcome of oral antispasmodics is not tried
      When the claim is decided
      Then it is approved
      And oral_therapy.asked is concluded to be no

      Examples:
        | case                              | procedure |
        | a refill                          | 62369     |
        | a change of the dose              | 62368     |
        | a new pump in place of an old one | E0786     |

    Scenario: A first fill that was authorized is not asked again
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      But line 2 has code 62362
      And it is known that the outcome of oral antispasmodics is not tried
      When the claim is decided
      Then it is approved
      And oral_therapy.asked is concluded to be yes
      And rule oral-therapy-not-shown does not hold
