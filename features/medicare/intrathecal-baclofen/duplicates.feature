Feature: Medicare: the same service is paid once

  A line is a duplicate where an earlier claim of the same member has the same code, day, modifiers,
  units and provider. A JW line is no duplicate of the line it belongs to, a replacement is none of the
  claim that it replaces, and a void asks for nothing.

  Rule: The same line on an earlier claim is a duplicate

    Background: A refill, billed by one provider
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has claim number C-200
      And the claim has billing npi 1234567893
      And the drug lines have charge 800
      And line 2 has charge 200

    Scenario: It is denied, in group OA
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi | charge |
        | C-100        | J0945 | JZ        | 4     | 1234567893  | 800    |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | duplicate-of-earlier-claim | OA    | 18   | N522 | 1    |
      And it says "An earlier claim already has a line with the code J0945"

    Scenario: An earlier claim that does not show its charge is a duplicate as well
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is denied
      And the reason is OA 18 with N522 from rule duplicate-of-earlier-claim

    Scenario: One duplicate among several earlier lines is enough
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi | charge | date       |
        | C-099        | J0945 | JZ        | 4     | 1234567893  | 800    | 2024-12-03 |
        | C-100        | J0945 | JZ        | 4     | 1234567893  | 800    | 2025-03-03 |
        | C-100        | 62369 |           | 1     | 1234567893  | 200    | 2025-03-03 |
      When the claim is decided
      Then it is denied
      And the reason is OA 18 with N522 from rule duplicate-of-earlier-claim

    Scenario Outline: A line that differs is no duplicate: <case>
      Given these earlier claims
        | claim number | code   | date   | modifiers   | units   | billing npi | charge   |
        | C-100        | <code> | <date> | <modifiers> | <units> | <npi>       | <charge> |
      When the claim is decided
      Then it is approved
      And rule duplicate-of-earlier-claim does not hold

      Examples:
        | case               | code  | date       | modifiers | units | npi        | charge |
        | another code       | J2278 | 2025-03-03 | JZ        | 4     | 1234567893 | 800    |
        | the day before     | J0945 | 2025-03-02 | JZ        | 4     | 1234567893 | 800    |
        | another modifier   | J0945 | 2025-03-03 | JW        | 4     | 1234567893 | 800    |
        | a further modifier | J0945 | 2025-03-03 | JZ KD     | 4     | 1234567893 | 800    |
        | no modifier        | J0945 | 2025-03-03 |           | 4     | 1234567893 | 800    |
        | fewer units        | J0945 | 2025-03-03 | JZ        | 3     | 1234567893 | 800    |
        | another provider   | J0945 | 2025-03-03 | JZ        | 4     | 1999999992 | 800    |
        | another charge     | J0945 | 2025-03-03 | JZ        | 4     | 1234567893 | 801    |

    Scenario: The order and the letters of modifiers make no difference
      Given the drug lines carry JZ KD
      And the drug lines have no charge
      And line 2 has no charge
      And these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | kd, jz    | 4     | 1234567893  |
      When the claim is decided
      Then it is denied
      And the reason is OA 18 with N522 from rule duplicate-of-earlier-claim

    Scenario: A line that was voided since counts for nothing
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi | charge | void |
        | C-100        | J0945 | JZ        | 4     | 1234567893  | 800    | yes  |
      When the claim is decided
      Then it is approved
      And rule duplicate-of-earlier-claim does not hold

    Scenario: A voided line does not hide another one that stands
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi | charge | void |
        | C-100        | J0945 | JZ        | 4     | 1234567893  | 800    | yes  |
        | C-101        | J0945 | JZ        | 4     | 1234567893  | 800    | no   |
      When the claim is decided
      Then it is denied
      And the reason is OA 18 with N522 from rule duplicate-of-earlier-claim

    Scenario: Only the drug's own lines are compared
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi | charge |
        | C-100        | 62369 |           | 1     | 1234567893  | 200    |
      When the claim is decided
      Then it is approved

  Rule: The line of discarded drug is no duplicate of the line of administered drug

    Background:
      Given the example refill-with-waste-and-procedure of Medicare for J0945
      And the claim has claim number C-200
      And the claim has billing npi 1234567893
      And the drug lines have units 2

    Scenario: Two lines of as many units, one of them JW, are both paid
      Given there are no earlier claims
      When the claim is decided
      Then it is approved
      And rule identical-lines does not hold
      And rule duplicate-of-earlier-claim does not hold

    Scenario: An earlier line of another number of units makes neither a duplicate
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 |           | 1     | 1234567893  |
      When the claim is decided
      Then it is approved

    Scenario Outline: The same line as one of the two is a duplicate: <case>
      Given these earlier claims
        | claim number | code  | modifiers   | units | billing npi |
        | C-100        | J0945 | <modifiers> | 2     | 1234567893  |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | duplicate-of-earlier-claim | OA    | 18   | N522 | 1 2  |

      Examples:
        | case                | modifiers |
        | of the administered |           |
        | of the discarded    | JW        |

  Rule: A replacement names the claim that it replaces, and is not its duplicate

    Background:
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has claim number C-200
      And the claim has billing npi 1234567893
      And the claim has frequency 7

    Scenario: A replacement is no duplicate of its original
      Given the claim has original id C-100
      And these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is approved
      And rule duplicate-of-earlier-claim does not hold
      And rule replacement-names-no-original does not hold

    Scenario: A replacement can be a duplicate of a third claim
      Given the claim has original id C-100
      And these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 3     | 1234567893  |
        | C-101        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is denied
      And the reason is OA 18 with N522 from rule duplicate-of-earlier-claim

    Scenario: A replacement that does not say what it replaces waits for the number
      Given there are no earlier claims
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                          | line |
        | replacement-names-no-original | 1    |

    Scenario: A replacement that names no original is a duplicate of it
      Given these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                          | group | carc | rarc |
        | duplicate-of-earlier-claim    | OA    | 18   | N522 |
        | replacement-names-no-original |       |      |      |

    Scenario: A replacement is decided on its own facts
      Given the claim has original id C-100
      And the diagnoses E11.9
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                  | group | carc | rarc |
        | diagnosis-not-covered | CO    | 11   | M76  |

  Rule: A void takes a claim back and asks for nothing

    Background:
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has claim number C-200
      And the claim has billing npi 1234567893
      And the claim has frequency 8

    Scenario: It is neither paid nor denied; the original is reversed
      Given the claim has original id C-100
      When the claim is decided
      Then it is void
      And line 1 is void
      And 0 units are allowed on line 1
      And no rule denies it
      And it asks nothing

    Scenario: It is no duplicate of the claim that it takes back, nor of another
      Given the claim has original id C-100
      And these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
        | C-101        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is void

    Scenario Outline: It is void whatever else it says: <case>
      Given the claim has original id C-100
      And the diagnoses <diagnosis>
      And these claim lines
        | code  | modifiers   | units   | place of service | date   |
        | J0945 | <modifiers> | <units> | 11               | <date> |
      When the claim is decided
      Then it is void
      And 0 units are allowed on line 1

      Examples:
        | case                 | diagnosis | modifiers | units | date       |
        | another disease      | E11.9     | JZ        | 4     | 2025-03-03 |
        | no JZ                | G82.51    |           | 4     | 2025-03-03 |
        | too many units       | G82.51    | JZ        | 40    | 2025-03-03 |
        | no units             | G82.51    | JZ        |       | 2025-03-03 |
        | JZ before it existed | G82.51    | JZ        | 4     | 2022-12-31 |

    Scenario: A void that does not say what it takes back waits for the number
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |
      And it waits for these rules
        | rule                   |
        | void-names-no-original |
      And it asks for request.original_id

    Scenario: A void that is known to name no claim
      Given it is known that request.original_id is none
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                   |
        | void-asks-for-nothing  |
        | void-names-no-original |

    Scenario: A void does not look at lines that are the same
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 2     | 11               |
        | J0945 | JZ        | 2     | 11               |
        | 62369 |           | 1     | 11               |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

  Rule: What is not known of earlier claims does not count against this one

    Background:
      Given the example refill-with-procedure of Medicare for J0945
      And the claim has claim number C-200
      And the claim has billing npi 1234567893

    Scenario: No one has looked for earlier claims
      When the claim is decided
      Then it is approved
      And it is assumed that rule duplicate-of-earlier-claim does not hold

    Scenario: There are none, and that is known
      Given there are no earlier claims
      When the claim is decided
      Then it is approved
      And rule duplicate-of-earlier-claim does not hold

  Rule: Two lines of one claim that are the same pend for review

    Background:
      Given the example refill-with-waste-and-procedure of Medicare for J0945

    Scenario: Two lines that are the same in everything
      Given these claim lines
        | code  | modifiers | units | place of service | ndc          | charge |
        | J0945 | JZ        | 2     | 11               | 66794-156-02 | 400    |
        | J0945 | JZ        | 2     | 11               | 66794-156-02 | 400    |
        | 62369 |           | 1     | 11               |              | 200    |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule            | line |
        | identical-lines | 1 2  |
      And it says "Is one of them a repetition?"

    Scenario: Two lines that are the same in what they tell
      Given the drug lines carry JZ
      And the drug lines have units 2
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule            | line |
        | identical-lines | 1 2  |

    Scenario Outline: Two lines that differ are two lines: <case>
      Given these claim lines
        | code  | modifiers   | units   | place of service | ndc          | charge   |
        | J0945 | JZ          | 2       | 11               | 66794-156-02 | 400      |
        | J0945 | <modifiers> | <units> | 11               | <ndc>        | <charge> |
        | 62369 |             | 1       | 11               |              | 200      |
      When the claim is decided
      Then it is approved
      And rule identical-lines does not hold

      Examples:
        | case             | modifiers | units | ndc          | charge |
        | by a modifier    | JZ KD     | 2     | 66794-156-02 | 400    |
        | by their units   | JZ        | 4     | 66794-156-02 | 400    |
        | by their product | JZ        | 2     | 72888-146-36 | 400    |
        | by their charge  | JZ        | 2     | 66794-156-02 | 399    |

    Scenario: The same line on two days is two services
      Given these claim lines
        | code  | modifiers | units | place of service | date       |
        | J0945 | JZ        | 2     | 11               | 2025-03-03 |
        | 62369 |           | 1     | 11               | 2025-03-03 |
        | J0945 | JZ        | 2     | 11               | 2025-03-04 |
        | 62369 |           | 1     | 11               | 2025-03-04 |
      When the claim is decided
      Then it is approved

  Rule: A drug line is for one day

    Scenario Outline: A line over several days pends for review: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But these claim lines
        | code  | modifiers | units | place of service | through   |
        | J0945 | JZ        | 4     | 11               | <through> |
        | 62369 |           | 1     | 11               |           |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                   | line |
        | line-over-several-days | 1    |

      Examples:
        | case       | through    |
        | two days   | 2025-03-04 |
        | four weeks | 2025-03-31 |

    Scenario Outline: A line for one day is paid: <case>
      Given the example refill-with-procedure of Medicare for J0945
      But these claim lines
        | code  | modifiers | units | place of service | through   |
        | J0945 | JZ        | 4     | 11               | <through> |
        | 62369 |           | 1     | 11               |           |
      When the claim is decided
      Then it is approved

      Examples:
        | case                       | through    |
        | its last day is its first  | 2025-03-03 |
        | it does not say a last day |            |

  Rule: A request before the service is no duplicate of anything

    Scenario: The same service on an earlier claim
      Given the example screening-request of Medicare for J0945 on 2025-03-03
      But the request has no plan
      And the request has no member id
      And these claim lines
        | code  | modifiers | units | through    |
        | J0945 | JZ        | 4     | 2025-03-04 |
        | J0945 | JZ        | 4     | 2025-03-04 |
      And it is known that the phase of therapy is refill
      And these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
      When the request is decided
      Then it is not required
      And rule duplicate-of-earlier-claim does not hold
      And rule identical-lines does not hold
